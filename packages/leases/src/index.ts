export { type Owner, OwnerLease, type OwnerLeaseOptions, readOwner } from './owner-lease.ts';
export { type Acquisition, SlotPool, type SlotPoolOptions, type SlotTotals } from './slot-pool.ts';
