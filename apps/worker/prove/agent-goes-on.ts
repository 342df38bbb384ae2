import type { Database } from '@prosaas/database';

/**
 * A conversation of which a job failed for good is not left to a person, so that its next messages are answered, too: what is tried here
 * are the jobs of many messages.
 */
export async function agentGoesOn(db: Database): Promise<void> {
  await db.query(`
    create function agent_goes_on() returns trigger language plpgsql as $$
    begin
      new.state := 'agent';
      new.state_reason := null;
      return new;
    end
    $$;
    create trigger agent_goes_on before update on conversations for each row
      when (new.state = 'waiting' and new.state_reason = 'failure') execute function agent_goes_on();`);
}
