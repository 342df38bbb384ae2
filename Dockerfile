# One recipe, one final stage for each app: docker build --target api .
FROM node:24-trixie-slim AS base
WORKDIR /app

# What npm reads, alone: the installation is repeated when a dependency changes, not when a source does.
FROM base AS manifests
COPY . /source
RUN cd /source && mkdir /manifests \
 && find . -name package.json -o -name package-lock.json -o -name .npmrc | tar -cf - -T - | tar -xf - -C /manifests

FROM base AS build
COPY --from=manifests /manifests ./
# Install scripts fetch what only a developer's machine needs.
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts --loglevel=error
COPY . .
RUN node_modules/.bin/tsc -b apps/api apps/calls apps/worker apps/baileys packages/simulators
RUN node packages/console/build.ts
RUN for app in apps/api apps/calls apps/worker apps/baileys packages/simulators; do \
      node scripts/assemble-image.mjs "$app" "/out/$(basename "$app")" || exit 1; \
    done

# Each image has the program that its healthcheck in docker-compose.yml runs.
FROM base AS with-curl
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends curl >/dev/null && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt /var/log/dpkg.log

FROM base AS with-wget
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends wget >/dev/null && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt /var/log/dpkg.log

FROM base AS with-python
RUN apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends python3 python3-redis python-is-python3 >/dev/null \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt /var/log/dpkg.log

FROM with-curl AS api
COPY deploy/images/ /usr/local/bin/
COPY --from=build /out/api ./
ENV NODE_ENV=production NODE_COMPILE_CACHE=/app/.compile-cache
RUN --mount=type=bind,from=build,source=/app/scripts,target=/scripts node /scripts/fill-compile-cache.mjs /app apps/api/dist/main.js
ARG BUILD_NUMBER=0 GIT_COMMIT=unknown BUILT_AT=
ENV HOST=0.0.0.0 BUILD_NUMBER=$BUILD_NUMBER GIT_COMMIT=$GIT_COMMIT BUILT_AT=$BUILT_AT
USER node
EXPOSE 5000
CMD ["node", "apps/api/dist/main.js"]

FROM with-curl AS calls
COPY --from=build /out/calls ./
ENV NODE_ENV=production NODE_COMPILE_CACHE=/app/.compile-cache
RUN --mount=type=bind,from=build,source=/app/scripts,target=/scripts node /scripts/fill-compile-cache.mjs /app apps/calls/dist/main.js
ARG BUILD_NUMBER=0 GIT_COMMIT=unknown BUILT_AT=
ENV HOST=0.0.0.0 BUILD_NUMBER=$BUILD_NUMBER GIT_COMMIT=$GIT_COMMIT BUILT_AT=$BUILT_AT
USER node
EXPOSE 5050
CMD ["node", "apps/calls/dist/main.js"]

FROM with-python AS worker
COPY --from=build /out/worker ./
ENV NODE_ENV=production NODE_COMPILE_CACHE=/app/.compile-cache
RUN --mount=type=bind,from=build,source=/app/scripts,target=/scripts node /scripts/fill-compile-cache.mjs /app apps/worker/dist/main.js
ARG BUILD_NUMBER=0 GIT_COMMIT=unknown BUILT_AT=
ENV BUILD_NUMBER=$BUILD_NUMBER GIT_COMMIT=$GIT_COMMIT BUILT_AT=$BUILT_AT
USER node
CMD ["node", "apps/worker/dist/main.js"]

FROM with-wget AS baileys
COPY --from=build /out/baileys ./
ENV NODE_ENV=production NODE_COMPILE_CACHE=/app/.compile-cache
RUN --mount=type=bind,from=build,source=/app/scripts,target=/scripts node /scripts/fill-compile-cache.mjs /app apps/baileys/dist/main.js
ARG BUILD_NUMBER=0 GIT_COMMIT=unknown BUILT_AT=
ENV HOST=0.0.0.0 BUILD_NUMBER=$BUILD_NUMBER GIT_COMMIT=$GIT_COMMIT BUILT_AT=$BUILT_AT
USER node
EXPOSE 3300
CMD ["node", "apps/baileys/dist/main.js"]

# Peers for the demo and the tests; no part of a deployment.
FROM base AS simulators
COPY --from=build /out/simulators ./
ENV NODE_ENV=production
USER node
CMD ["node", "packages/simulators/dist/main.js"]
