import { cutText } from '@prosaas/runtime';
import type { Profile } from '../profile/profile.ts';

/** Say by themselves that no more messages are wanted. */
const wishes = [
  'unsubscribe', 'opt out', 'opt me out', 'take me off', 'remove my number', 'delete my number', 'stop messaging', 'stop texting',
  'stop writing', 'stop contacting', 'stop spamming', 'leave me alone', 'do not contact', 'dont contact', 'no more messages',
  'no more texts', 'do not message', 'dont message', 'do not text', 'dont text', 'do not write', 'dont write', 'lose my number',
  'darme de baja', 'dame de baja', 'denme de baja', 'no me escriban', 'no me escribas', 'no mas mensajes', 'dejen de escribir',
  'deja de escribir', 'abmelden', 'abbestellen', 'schreiben sie mir nicht', 'schreibt mir nicht', 'lasst mich in ruhe', 'keine nachrichten',
  'desabonner', 'desinscrire', 'desabonnez', 'ne m ecrivez plus', 'plus de messages', 'arretez de m ecrire', 'disiscrivetemi',
  'cancellatemi', 'non scrivetemi', 'descadastrar', 'nao me escrevam', 'nao me mandem',
  'הסר', 'הסירו אותי', 'תסירו אותי', 'להסיר אותי', 'תפסיקו לשלוח', 'להפסיק לשלוח', 'אל תשלחו', 'אל תכתבו', 'תפסיקו לכתוב', 'עזבו אותי',
  'отписаться', 'отпишите', 'не пишите', 'не присылайте', 'отпиши', 'الغاء الاشتراك', 'لا ترسلوا', 'توقفوا عن', 'لا تراسلوني',
]; // prettier-ignore
const stops = [
  'stop', 'end', 'quit', 'cease', 'enough', 'remove', 'delete', 'no', 'not', 'dont', 'never', 'parar', 'paren', 'basta', 'dejen', 'aufhören',
  'stopp', 'nicht', 'keine', 'kein', 'arrêtez', 'arrêter', 'plus', 'smettete', 'parem', 'di', 'די', 'תפסיקו', 'להפסיק', 'בלי', 'стоп', 'хватит', 'توقف', 'كفى',
]; // prettier-ignore
const messages = [
  'message', 'messages', 'texts', 'texting', 'messaging', 'spam', 'ads', 'newsletter', 'list', 'notifications', 'mensaje', 'mensajes', 'publicidad',
  'nachrichten', 'nachricht', 'werbung', 'verteiler', 'messagerie', 'pub', 'publicité', 'messaggi', 'mensagens', 'הודעות', 'הודעה', 'פרסומות', 'רשימה', 'ספאם',
  'сообщения', 'сообщений', 'рассылка', 'рассылку', 'رسائل', 'رسالة',
]; // prettier-ignore

/** A whole message of so few words that holds a word of the profile's opt-out is one. */
const FEW_WORDS = 4;

/**
 * Whether a message is plausibly a wish to get no more messages: looser than the rules that decide without a model, as the model has to
 * say so, too. A word such as `stop` alone is not enough inside a sentence: "Can I stop my appointment?".
 */
export function wishesNoMessages(text: string, profile: Profile): boolean {
  const all = wordsOf(text);
  const said = ` ${all.join(' ')} `;
  const has = (phrase: string): boolean => said.includes(` ${wordsOf(phrase).join(' ')} `);
  if (wishes.some(has)) return true;
  if (all.length <= FEW_WORDS && profile.optOut.words.some(has)) return true;
  return stops.some(has) && messages.some(has);
}

function wordsOf(text: string): string[] {
  const folded = cutText(text, 2000).normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase();
  return folded.replaceAll(/['’׳"״]/gu, '').match(/[\p{L}\p{N}]+/gu) ?? [];
}
