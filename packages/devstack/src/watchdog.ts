import { type ChildProcess, spawn } from 'node:child_process';

/**
 * The script of a watchdog shell that reads from this process by a pipe. The pipe closes however this process ends, also by SIGKILL. Then
 * the watchdog stops the children that are left, group by group, so that they do not keep ports and data directories.
 */
const SCRIPT = `
trap '' INT TERM HUP
children=
alive() {
  kill -s 0 "$1" 2>/dev/null || return 1
  # A zombie stays until PID 1 reaps it, which in a container may be never.
  if [ -r "/proc/$1/stat" ]; then IFS= read -r stat <"/proc/$1/stat"; case $stat in *') Z '*) return 1 ;; esac; fi
}
stop_group() {
  waiting=
  for child in $children; do
    group=\${child%%:*}; rest=\${child#*:}; signal=\${rest%%:*}; pid=\${rest#*:}
    if [ "$group" = "$1" ] && kill -s "$signal" "$pid" 2>/dev/null; then waiting="$waiting $pid"; fi
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
stop_group services; stop_group redis; stop_group postgres
for path in "$@"; do rm -rf "$path"; done
`;

export type StopGroup = 'services' | 'redis' | 'postgres';

let watchdog: ChildProcess | undefined;

function runningWatchdog(): ChildProcess {
  if (watchdog) return watchdog;
  watchdog = spawn('/bin/sh', ['-c', SCRIPT, 'devstack-watchdog'], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watchdog.unref();
  watchdog.on('error', () => {});
  watchdog.stdin?.on('error', () => {});
  // A pipe is a socket here: it must not keep the process alive.
  (watchdog.stdin as { unref?(): void } | null)?.unref?.();
  return watchdog;
}

function tell(line: string): void {
  runningWatchdog().stdin?.write(`${line}\n`);
}

/** Process id of the watchdog. */
export function watchdogPid(): number | undefined {
  return runningWatchdog().pid;
}

/** Makes the watchdog stop a process when this one ends: by `signal` and, 30 s later, SIGKILL. */
export function stopWithParent(stopGroup: StopGroup, signal: NodeJS.Signals, pid: number): void {
  tell(`child ${stopGroup}:${signal.replace(/^SIG/, '')}:${pid}`);
}

export function forgetChild(pid: number): void {
  tell(`gone ${pid}`);
}

/** Makes the watchdog remove a file or folder when this process ends. */
export function removeWithParent(path: string): void {
  tell(`path ${path}`);
}
