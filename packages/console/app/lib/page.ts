import type { ComponentType } from 'preact';
import type { Me } from './api.ts';

/** A page of the console: what a file in pages/ exports as `page`. */
export interface PageDefinition {
  /** The first part of its address; empty for the overview. */
  path: string;
  title: string;
  /** Its place in the navigation. */
  order: number;
  /** Who may open it. */
  seenBy: (me: Me) => boolean;
  /** `parts` are the parts of the address after the path. */
  View: ComponentType<{ parts: readonly string[] }>;
  /** The number beside the title in the navigation: how many items need attention. */
  badge?: () => number | null;
}

export const isOperator = ({ role }: Me): boolean => role === 'admin' || role === 'metrics';
export const isAdmin = ({ role }: Me): boolean => role === 'admin';
/** May see the records of a business: everyone except holders of the metrics token. */
export const seesRecords = ({ role }: Me): boolean => role !== 'metrics';
