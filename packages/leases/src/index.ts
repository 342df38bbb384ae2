export { type Owner, OwnerLease, type OwnerLeaseOptions, readOwner } from './owner-lease.ts';
export {
  type Acquisition,
  type Renewal,
  type SlotEnd,
  SlotPool,
  type SlotPoolOptions,
  type SlotTotals,
  readSlotTotals,
} from './slot-pool.ts';
