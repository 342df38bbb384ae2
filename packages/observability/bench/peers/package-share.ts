// Prints what importing the built package costs a process that has its peers already, and what it keeps.
await Promise.all([import('fastify'), import('ioredis'), import('bullmq')]);
const used = (): number => {
  globalThis.gc!();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};
const cpu = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
const built = new URL('../../dist/index.js', import.meta.url).href;
const [bytes, ms] = [used(), cpu()];
await import(built);
console.log(JSON.stringify({ ms: cpu() - ms, bytes: used() - bytes }));
