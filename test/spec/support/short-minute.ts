// Preloaded into services: a minute of their troubles' lines is 3 s.
import { troubleTimes } from '@prosaas/runtime';

troubleTimes.repeatMs = 3000;
