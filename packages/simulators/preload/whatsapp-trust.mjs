/*
 * Loaded with `node --import` before a WhatsApp client: makes the client trust the simulator's root certificate
 * instead of WhatsApp's. For tests and demos only; a product never loads this.
 */
import { WA_CERT_DETAILS } from '@whiskeysockets/baileys';

WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(
  'd8dab2511dd9e6317081a69a96e798b9912c0da11655cd85f8c018b5abe3f609',
  'hex',
);
