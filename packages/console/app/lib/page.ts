import type { ComponentType } from 'preact';
import type { Me } from './api.ts';

/** A page of the console: what a file in pages/ exports as `page`. */
export interface PageDefinition {
  /** The first part of its address; empty for the overview. */
  path: string;
  title: string;
  /** Its place in the navigation. */
  order: number;
  seenBy: (me: Me) => boolean;
  /** `parts`: what follows the path in the address. */
  View: ComponentType<{ parts: readonly string[] }>;
  /** Shown beside the title in the navigation: how much there needs somebody. */
  badge?: () => number | null;
}

export const isOperator = ({ role }: Me): boolean => role === 'admin' || role === 'metrics';
export const isAdmin = ({ role }: Me): boolean => role === 'admin';
/** Sees the records of a business: everyone but the metrics token. */
export const seesRecords = ({ role }: Me): boolean => role !== 'metrics';
