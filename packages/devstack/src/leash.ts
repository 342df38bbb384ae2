import { type ChildProcess, spawn } from 'node:child_process';

/**
 * Children that outlive a parent killed with SIGKILL would hold ports and data directories. A shell at the other end
 * of a pipe sees the pipe close, however this process ends, and stops what is left in order of stage.
 */
const SCRIPT = `
trap '' INT TERM HUP
children=
alive() {
  kill -s 0 "$1" 2>/dev/null || return 1
  # A zombie stays until PID 1 reaps it, which in a container may be never.
  if [ -r "/proc/$1/stat" ]; then IFS= read -r stat <"/proc/$1/stat"; case $stat in *') Z '*) return 1 ;; esac; fi
}
stop_stage() {
  waiting=
  for child in $children; do
    stage=\${child%%:*}; rest=\${child#*:}; signal=\${rest%%:*}; pid=\${rest#*:}
    if [ "$stage" = "$1" ] && kill -s "$signal" "$pid" 2>/dev/null; then waiting="$waiting $pid"; fi
  done
  tries=0
  while [ -n "$waiting" ] && [ $tries -lt 300 ]; do
    left=
    for pid in $waiting; do if alive "$pid"; then left="$left $pid"; fi; done
    waiting=$left; tries=$((tries + 1))
    [ -z "$waiting" ] || sleep 0.1
  done
  for pid in $waiting; do kill -s KILL "$pid" 2>/dev/null; done
}
while read -r op rest; do
  case $op in
    child) children="$children $rest" ;;
    gone) kept=; for child in $children; do [ "\${child##*:}" = "$rest" ] || kept="$kept $child"; done; children=$kept ;;
    path) set -- "$@" "$rest" ;;
  esac
done
stop_stage services; stop_stage redis; stop_stage postgres
for path in "$@"; do rm -rf "$path"; done
`;

export type Stage = 'services' | 'redis' | 'postgres';

let leash: ChildProcess | undefined;

function theLeash(): ChildProcess {
  if (leash) return leash;
  leash = spawn('/bin/sh', ['-c', SCRIPT, 'devstack-leash'], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  leash.unref();
  leash.on('error', () => {});
  leash.stdin?.on('error', () => {});
  // A pipe is a socket here: it must not keep the process alive.
  (leash.stdin as { unref?(): void } | null)?.unref?.();
  return leash;
}

function tell(line: string): void {
  theLeash().stdin?.write(`${line}\n`);
}

/** The shell's process id. */
export function leashPid(): number | undefined {
  return theLeash().pid;
}

/** From now on the process ends when this one does, by `signal` and, 30 s later, SIGKILL. */
export function leashChild(stage: Stage, signal: NodeJS.Signals, pid: number): void {
  tell(`child ${stage}:${signal.replace(/^SIG/, '')}:${pid}`);
}

export function unleashChild(pid: number): void {
  tell(`gone ${pid}`);
}

/** A temporary file or folder that goes when this process does. */
export function leashPath(path: string): void {
  tell(`path ${path}`);
}
