// Preloaded into services: they repeat the log line of an ongoing outage every 3 s instead of every minute.
import { outageTimes } from '@prosaas/runtime';

outageTimes.repeatMs = 3000;
