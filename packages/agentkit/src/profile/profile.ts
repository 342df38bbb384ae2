export type Weekday = 'monday' | 'tuesday' | 'wednesday' | 'thursday' | 'friday' | 'saturday' | 'sunday';

export interface FaqEntry {
  question: string;
  answer: string;
  /** Other phrasings of the question. */
  also?: string[];
}

export interface OpeningHours {
  /** Ranges of local wall-clock time such as `09:00-18:00`; a day left out is closed. */
  week: Partial<Record<Weekday, string[]>>;
  /** Local dates (`2026-12-25`) on which the business is closed. */
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

/** When people are notified, and when the agent takes a chat back from them. */
export interface ProfilePerson {
  /** The agent takes a chat back after this many minutes without a message from the person. Default 120. */
  minutes?: number;
  /** People are notified again of a waiting chat after this many minutes of opening hours. Default 15. */
  remindMinutes?: number;
  /** Range of local time without notifications, such as `22:00-07:00`, the default; null: notify at any time. */
  quiet?: string | null;
}

/** What the agent knows about a business, in one language. Texts are sent as they are. */
export interface Profile {
  name: string;
  /** IANA name, `Asia/Jerusalem`. */
  timeZone: string;
  /** BCP 47 tag: the language of the texts, and of formatted days and times. */
  language: string;
  greeting: string;
  /** Messages that are only a greeting; answered with `greeting`. */
  greetings?: string[];
  hours: OpeningHours;
  faq: FaqEntry[];
  handOff: {
    /** Words for a person. They count in a wish (`I want to talk to a person`), not in passing (`per person`). */
    words: string[];
    /** Words that hand a chat over wherever they occur in a message. */
    complaints?: string[];
    reply: string;
    /** Sent outside the opening hours instead of `reply` and the hours. Placeholders: {day}, {time}, {hours}. */
    closed?: string;
  };
  /** Words that need a person at once, and the reply to them. */
  emergency?: { words: string[]; reply: string };
  optOut: { words: string[]; reply: string };
  /** Words that take back an opt-out (common ones by default), and the reply to them. */
  optIn?: { words?: string[]; reply: string };
  /** Answers to small talk. A missing one has a default in each language. */
  smallTalk?: { thanks?: string; goodbye?: string; identity?: string; calm?: string };
  /** The reply to a message that is not text. */
  notText?: { reply: string };
  /** A message that arrives more than `hours` (default 12) after it was written is handed over. */
  late?: { hours?: number; reply?: string };
  person?: ProfilePerson;
  unknown: string[];
  /** Offers the closest questions if none is close enough. Placeholder: {questions}, a numbered list. */
  offer?: string;
  /** Templates for an answer that is sent again; each contains {answer}. */
  repeats: string[];
  phone: { greeting: string; idle: string; thanks: string; goodbye: string };
  /**
   * The profile in its other languages, by BCP 47 tag: the same entries in the same order, and the phrasings of all languages in `also`.
   * A text without a translation is in the profile's own language.
   */
  translations?: Readonly<Record<string, Profile>>;
}
