import type { Database } from '@prosaas/database';

/** Ends the hand-over to a person after a failed job, so that the agent goes on answering where many jobs of one conversation are tested. */
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
