import { afterAll, beforeAll, expect, test } from 'vitest';
import { Project } from './project.ts';

const password = `p@ss/w#rd%:?&'" $x`;

let project: Project;

beforeAll(async () => {
  project = await Project.create({ name: 'prosaas-password', env: { POSTGRES_PASSWORD: password } });
  await project.compose(['down', '--volumes', '--timeout', '5']);
});
afterAll(async () => {
  await project?.compose(['down', '--volumes', '--timeout', '5']);
});

test("PostgreSQL's password may contain any character", async () => {
  // This also starts PostgreSQL and Redis. The api is healthy once it has migrated the database.
  await project.compose(['up', '--build', '--wait', '--wait-timeout', '240', 'api']);
  expect(await project.health()).toEqual({ api: 'healthy', postgres: 'healthy', redis: 'healthy' });
  const { API_PORT } = project.ports;
  const answer = await fetch(`http://127.0.0.1:${API_PORT}/api/health?verbose`);
  expect(await answer.text()).toContain('[+]database ok');
  const keys = await project.compose(['exec', '-T', 'api', 'prosaas-keys', 'ADMIN_KEY']);
  expect(keys).toMatch(/^\S{43}\n$/);
});
