/** So many whole numbers, from one on. */
export const range = (from: number, length: number): number[] => Array.from({ length }, (_, at) => from + at);
