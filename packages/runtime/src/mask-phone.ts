const digits = /\d(?:[ ().-]{0,2}\d){5,}/g;

/** Hides all but the last two digits of every number of six digits or more: `+972501234567` becomes `+***67`. */
export function maskPhone(text: string): string {
  return text.replace(digits, (match) => `***${match.replace(/\D/g, '').slice(-2)}`);
}
