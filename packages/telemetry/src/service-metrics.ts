const SERVICES = ['api', 'baileys', 'calls', 'worker'] as const;
export const CHECK_STATES = ['pass', 'warn', 'fail'] as const;

/** What each service reports about itself. */
export const serviceMetrics = {
  health_check_state: {
    type: 'gauge',
    help: '1 if the health check is in this state on a replica of the service',
    labels: {
      service: SERVICES as readonly string[],
      check: 'discovered',
      state: CHECK_STATES as readonly string[],
    },
    aggregate: 'max',
    optional: true,
  },
  build_info: {
    type: 'gauge',
    help: '1 for each running build of a service, as shown by its /version',
    labels: {
      service: SERVICES as readonly string[],
      version: 'discovered',
      build: 'discovered',
      commit: 'discovered',
    },
    aggregate: 'max',
    optional: true,
  },
} as const;
