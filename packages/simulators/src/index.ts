export { ControlError, optionalText, requireText } from './control/routes.ts';
export type { ControlReply, ControlRequest, Route } from './control/routes.ts';
export { startControlServer } from './control/server.ts';
export type { ControlServer } from './control/server.ts';
export { whatsappRoutes } from './control/whatsapp-routes.ts';
export { whatsappTrustPreload } from './whatsapp/preload.ts';
export { startWhatsAppServer } from './whatsapp/server.ts';
export type { WhatsAppServer, WhatsAppServerOptions } from './whatsapp/server.ts';
export type {
  Account,
  Addressing,
  AutomaticReplies,
  HandsetRecipient,
  HandsetSendOptions,
  OwnPhone,
  Phone,
  ReceivedText,
  RepeatRequest,
  SendOptions,
  SentText,
  WrittenText,
} from './whatsapp/types.ts';
export { CallerStream } from './telephony/caller-stream.ts';
export { telephonyRoutes } from './telephony/control-routes.ts';
export { babble, loudness } from './telephony/mulaw.ts';
export { type CallPlan, type CallReport, PlacedCall } from './telephony/placed-call.ts';
export { type RestApi, startRestApi } from './telephony/rest-api.ts';
export {
  type TelephonyProvider,
  type TelephonyProviderOptions,
  startTelephonyProvider,
} from './telephony/provider.ts';
export type { Signature, WebhookAnswer } from './telephony/webhook-types.ts';
