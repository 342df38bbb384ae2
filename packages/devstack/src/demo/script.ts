// The demo's scenario. Customers ask what the default profile answers. `{name}` is the customer's first name.

/** A step of a scene. One of several texts is picked. A pause lasts between `from` and `to` seconds. */
export type Step<Text = readonly string[], Pause = readonly [from: number, to: number]> =
  /** The customer writes and waits for the agent's answer. */
  | { do: 'ask'; text: Text }
  /** The customer writes to a person: the agent does not answer. */
  | { do: 'write'; text: Text }
  | { do: 'pause'; seconds: Pause }
  /** The owner answers from the phone of the account, which takes the chat over. */
  | { do: 'answer by phone'; text: Text }
  | { do: 'take over' }
  /** A person answers over REST. */
  | { do: 'answer'; text: Text }
  | { do: 'give back' }
  /** The customer calls, hears the greeting and speaks for `messageMs`. */
  | { do: 'call'; messageMs: number }
  /** A program writes to a customer who has left WhatsApp. */
  | { do: 'remind'; text: Text }
  /** The phone of the account unlinks the session. */
  | { do: 'log out' }
  | { do: 'pair' };

export interface Customer {
  name: string;
  number: string;
}

export interface Script {
  customers: readonly Customer[];
  /** Mean time between the starts of ordinary visits. */
  visitEverySeconds: number;
  /** Ordinary visits, picked at random. */
  visits: readonly (readonly Step[])[];
  /** Scenes that happen once a day. `at` is the part of the day that has passed, 0 to 1. Without `customer`, one is picked at random. */
  scenes: readonly { at: number; customer?: Customer; steps: readonly Step[] }[];
}

/** A played day takes `seconds` of real time. It stands for `minutes` that begin at `opensAtMinute` after midnight. */
export const day: { seconds: number; opensAtMinute: number; minutes: number } = {
  seconds: 180,
  opensAtMinute: 510,
  minutes: 600,
};

/** The WhatsApp session, the number it is paired with, and the number that is called. */
export const business = { session: 'demo', number: '15557700700', desk: '+15550199000' };

const owner: Customer = { name: 'The owner', number: business.number };
/** She has left WhatsApp, which refuses messages to her. */
const gone: Customer = { name: 'Wanda', number: '15557709999' };

const names =
  'Ana Ben Chloé Dmitri Elif Farah Goran Hanna Ines Jonas Kofi Lucía Mei Nadia Omar Priya Quentin Rosa Samir Tova Uma Víctor נועה ليلى';

const thanks: Step = { do: 'ask', text: ['Thank you!', 'Thanks a lot', 'Great, thanks!', 'Thanks, bye!'] };
const soon: Step = { do: 'pause', seconds: [2, 5] };
const hours = ['When are you open?', 'Are you open now?', 'When do you close?', 'Which days are you open?'];
const prices = ['How much does a visit cost?', 'What are your prices?', 'How expensive is it?'];
const way = ['Where are you located?', 'What is your address?', 'How do I get to you?'];
const parking = ['Is there parking nearby?', 'Where can I park my car?'];
const booking = ['How do I book an appointment?', 'I want to make an appointment'];
const moving = ['How can I cancel or reschedule my appointment?', 'I need to cancel'];
const paying = ['Which payment methods do you accept?', 'Can I pay by credit card?', 'Do you take cash?'];
const dogs = ['May I bring my dog?', 'Are pets allowed?'];
const wantsPerson = ['I want to talk to a person, please', 'Can I speak to someone about my bill?'];

export const script: Script = {
  customers: names.split(' ').map((name, index) => ({ name, number: String(15_557_700_100 + index) })),
  visitEverySeconds: 7,
  visits: [
    [{ do: 'ask', text: hours }, soon, thanks],
    [{ do: 'ask', text: prices }, soon, { do: 'ask', text: paying }, soon, thanks],
    [{ do: 'ask', text: way }, soon, { do: 'ask', text: parking }],
    [
      { do: 'ask', text: ['Hello', 'Hi there', 'Good morning'] },
      soon,
      { do: 'ask', text: booking },
      soon,
      thanks,
    ],
    [{ do: 'ask', text: moving }, soon, thanks],
    [{ do: 'ask', text: dogs }],
    [
      {
        do: 'ask',
        text: ['Do you have guest wifi?', 'Do you offer gift vouchers?', 'Can I get an invoice?'],
      },
    ],
    [{ do: 'ask', text: ['Is the building accessible by wheelchair?', 'Do you have a lift?'] }, soon, thanks],
    // The agent cannot answer these.
    [
      { do: 'ask', text: ['Do you repair bicycles?', 'Can you tune my piano?'] },
      soon,
      { do: 'ask', text: hours },
    ],
  ],
  scenes: [
    {
      at: 0.12,
      steps: [
        { do: 'ask', text: wantsPerson },
        { do: 'pause', seconds: [6, 9] },
        { do: 'answer by phone', text: ['Hi {name}, this is Dana. What can I do for you?'] },
        { do: 'pause', seconds: [4, 6] },
        { do: 'write', text: ['Could you send the invoice to my office?', 'I was charged twice'] },
        { do: 'pause', seconds: [5, 7] },
        { do: 'answer by phone', text: ['Of course, {name}: you will have it by tonight.'] },
        soon,
        { do: 'write', text: ['Thank you, Dana'] },
        soon,
        { do: 'give back' },
      ],
    },
    {
      at: 0.3,
      // This customer has to wait for a person.
      steps: [
        { do: 'ask', text: ['Please call me back', 'I would like to talk to a manager'] },
        { do: 'pause', seconds: [12, 15] },
        { do: 'write', text: ['Is anybody there?', 'I am still waiting ...'] },
        { do: 'pause', seconds: [25, 30] },
        { do: 'take over' },
        { do: 'answer', text: ['Sorry that you had to wait, {name}. Tell me what it is about.'] },
        soon,
        { do: 'write', text: ['It is about my visit next week', 'I have lost my glasses at your place'] },
        { do: 'pause', seconds: [4, 6] },
        { do: 'answer', text: ['I will look into it, {name}, and write to you tomorrow.'] },
        soon,
        { do: 'give back' },
      ],
    },
    { at: 0.45, steps: [{ do: 'call', messageMs: 4000 }] },
    { at: 0.58, customer: gone, steps: [{ do: 'remind', text: ['Your appointment is tomorrow at 10:00.'] }] },
    {
      at: 0.68,
      customer: owner,
      steps: [{ do: 'log out' }, { do: 'pause', seconds: [12, 15] }, { do: 'pair' }],
    },
    {
      at: 0.82,
      steps: [
        { do: 'ask', text: ['I have a complaint: nobody was there at nine', 'This is unacceptable'] },
        { do: 'pause', seconds: [4, 6] },
        { do: 'take over' },
        { do: 'answer', text: ['I am very sorry, {name}. Your next visit is on us.'] },
        soon,
        { do: 'write', text: ['That is kind, thank you'] },
        soon,
        { do: 'give back' },
      ],
    },
  ],
};
