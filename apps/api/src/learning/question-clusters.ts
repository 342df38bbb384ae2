import { mergeSimilar } from '@prosaas/agentkit/offline';
import {
  type Queryable,
  type QuestionExample,
  type QuestionGroup,
  type QuestionState,
  listQuestionExamples,
  listQuestionGroups,
} from '@prosaas/database';

/** Texts per cluster. */
const MAX_EXAMPLES = 20;

/** Stored groups of similar questions, merged. REST calls this a group. */
export interface QuestionCluster {
  /** Id of the largest stored group. REST accepts the ids of the others too. */
  id: string;
  business_id: string;
  count: number;
  first_at: Date;
  last_at: Date;
  groupIds: string[];
}

/** The most frequent first, then the latest. */
export async function readQuestionClusters(
  q: Queryable,
  query: { businessId: string | undefined; state: QuestionState },
): Promise<QuestionCluster[]> {
  const groups = await listQuestionGroups(q, query);
  return mergeSimilar(groups.map((group) => ({ ...group, set: group.business_id })))
    .map(mergeGroups)
    .toSorted(compareClusters);
}

/** The cluster of a stored group. Only the largest groups are clustered; any other one is a cluster of its own. */
export async function findCluster(
  q: Queryable,
  { groupId, ...query }: { groupId: string; businessId: string; state: QuestionState },
): Promise<Pick<QuestionCluster, 'id' | 'groupIds'>> {
  const all = await readQuestionClusters(q, query);
  return all.find(({ groupIds }) => groupIds.includes(groupId)) ?? { id: groupId, groupIds: [groupId] };
}

function mergeGroups(groups: readonly QuestionGroup[]): QuestionCluster {
  const [leader] = groups;
  if (leader === undefined) throw new Error('a group without questions');
  const pickTime = (pick: (...values: number[]) => number, name: 'first_at' | 'last_at'): Date =>
    new Date(pick(...groups.map((group) => group[name].getTime())));
  return {
    id: leader.id,
    business_id: leader.business_id,
    count: groups.reduce((sum, { count }) => sum + count, 0),
    first_at: pickTime(Math.min, 'first_at'),
    last_at: pickTime(Math.max, 'last_at'),
    groupIds: groups.map(({ id }) => id),
  };
}

type SortKey = Pick<QuestionCluster, 'count' | 'last_at' | 'id'>;

export function compareClusters(one: SortKey, other: SortKey): number {
  return (
    other.count - one.count ||
    other.last_at.getTime() - one.last_at.getTime() ||
    (one.id < other.id ? -1 : Number(one.id > other.id))
  );
}

/** Texts of each cluster by its id, the most frequent first. */
export async function readExamples(
  q: Queryable,
  clusters: readonly Pick<QuestionCluster, 'id' | 'groupIds'>[],
  state: QuestionState,
): Promise<Map<string, QuestionExample[]>> {
  const groupIds = clusters.flatMap((cluster) => cluster.groupIds);
  const rows = await listQuestionExamples(q, { groupIds, state, limit: MAX_EXAMPLES });
  const byGroup = Map.groupBy(rows, ({ group_id: id }) => id);
  return new Map(
    clusters.map((cluster) => [
      cluster.id,
      cluster.groupIds
        .flatMap((id) => byGroup.get(id) ?? [])
        .toSorted((a, b) => b.count - a.count || b.last_at.getTime() - a.last_at.getTime())
        .slice(0, MAX_EXAMPLES),
    ]),
  );
}
