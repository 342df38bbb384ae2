/** The whole numbers from `from` on, `length` of them. */
export const range = (from: number, length: number): number[] => Array.from({ length }, (_, at) => from + at);
