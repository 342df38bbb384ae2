export type Weekday = 'monday' | 'tuesday' | 'wednesday' | 'thursday' | 'friday' | 'saturday' | 'sunday';

export interface FaqEntry {
  question: string;
  answer: string;
  /** Other ways to ask the same. */
  also?: string[];
}

export interface OpeningHours {
  /** Stretches of local wall-clock time such as `09:00-18:00`; a day left out is closed. */
  week: Partial<Record<Weekday, string[]>>;
  /** Local dates (`2026-12-25`) on which nobody is there. */
  closedOn: string[];
  questions: string[];
  /** Placeholders: {until}, {hours}. */
  open: string;
  /** Placeholders: {day}, {time}, {hours}. */
  closed: string;
  never: string;
  /** Local dates with hours of their own, whatever the week says: `{'2026-12-24': ['09:00-12:00']}`. */
  openOn?: Record<string, string[]>;
  /** Answers about one day. Placeholders: {day}, {hours} of that day, {week}. */
  onDay?: { open?: string; closed?: string };
}

/** How people answer. */
export interface ProfilePerson {
  /** Without a word from her for so long, the agent takes over again. Default 120. */
  minutes?: number;
  /** A chat that waits is announced again after so many minutes of the opening hours. Default 15. */
  remindMinutes?: number;
  /** Local stretch in which nobody is told anything, `22:00-07:00`; null: people may be told at any time. Default `22:00-07:00`. */
  quiet?: string | null;
}

/** What a business tells its agent, in one language. Texts go out as they are. */
export interface Profile {
  name: string;
  /** IANA name, `Asia/Jerusalem`. */
  timeZone: string;
  /** BCP 47 tag of the texts; how days and times are written. */
  language: string;
  greeting: string;
  /** Messages that are only a greeting; answered with `greeting`. */
  greetings?: string[];
  hours: OpeningHours;
  faq: FaqEntry[];
  handOff: {
    /** Whom a customer asks for: counts as a wish (`I want to talk to a person`), not in passing (`per person`). */
    words: string[];
    /** A person is to answer; wherever they stand. */
    complaints?: string[];
    reply: string;
    /** Instead of `reply` and the hours while nobody is there. Placeholders: {day}, {time}, {hours}. */
    closed?: string;
  };
  /** A person is to answer at once. */
  emergency?: { words: string[]; reply: string };
  optOut: { words: string[]; reply: string };
  /** Takes an opt-out back; without words of its own, common ones do. */
  optIn?: { words?: string[]; reply: string };
  /** Answers to small talk; without them it is left unanswered. */
  smallTalk?: { thanks?: string; goodbye?: string; identity?: string; calm?: string };
  /** Something other than text came. */
  notText?: { reply: string };
  /** A message that comes more than `hours` (12) after it was written goes to a person. */
  late?: { hours?: number; reply?: string };
  person?: ProfilePerson;
  unknown: string[];
  /** Below the threshold the closest questions are offered. Placeholder: {questions}, a numbered list. */
  offer?: string;
  /** How an answer is said again; each holds {answer}. */
  repeats: string[];
  phone: { greeting: string; idle: string; thanks: string; goodbye: string };
  /**
   * The same profile in its other languages, by BCP 47 tag: the same entries in the same order, and `also` with what is asked in any
   * language. What a language lacks is said in the profile's own.
   */
  translations?: Readonly<Record<string, Profile>>;
}
