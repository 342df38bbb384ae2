/** Load it with `node --import` so that a WhatsApp client trusts the simulator's root. */
export const whatsappTrustPreload: URL = new URL('../../preload/whatsapp-trust.mjs', import.meta.url);
