export { whatsappTrustPreload } from './whatsapp/preload.ts';
export { startWhatsAppServer } from './whatsapp/server.ts';
export type { WhatsAppServer, WhatsAppServerOptions } from './whatsapp/server.ts';
export type { Account, Addressing, Phone, ReceivedText, SendOptions } from './whatsapp/types.ts';
