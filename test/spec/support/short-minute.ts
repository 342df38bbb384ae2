// Preloaded into services: a minute of their troubles' lines is 3 s.
import { outageTimes } from '@prosaas/runtime';

outageTimes.repeatMs = 3000;
