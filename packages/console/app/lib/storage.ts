/** What this browser keeps: drafts, the theme. One that keeps nothing (private windows) does without. */
export function readStored(name: string): string | undefined {
  try {
    return localStorage.getItem(`prosaas.${name}`) ?? undefined;
  } catch {
    return undefined;
  }
}

export function store(name: string, value: string | undefined): void {
  try {
    if (value === undefined || value === '') localStorage.removeItem(`prosaas.${name}`);
    else localStorage.setItem(`prosaas.${name}`, value);
  } catch {
    // kept until the page is left
  }
}
