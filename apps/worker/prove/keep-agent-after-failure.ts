import type { Database } from '@prosaas/database';

/**
 * Returns a conversation to the agent after a failed job, so that the agent keeps answering in tests with many jobs of one
 * conversation.
 */
export async function keepAgentAfterFailure(db: Database): Promise<void> {
  await db.query(`
    create function keep_agent_after_failure() returns trigger language plpgsql as $$
    begin
      new.state := 'agent';
      new.state_reason := null;
      return new;
    end
    $$;
    create trigger keep_agent_after_failure before update on conversations for each row
      when (new.state = 'waiting' and new.state_reason = 'failure') execute function keep_agent_after_failure();`);
}
