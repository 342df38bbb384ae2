export type Signature = 'valid' | 'forged' | 'missing';

export interface WebhookAnswer {
  status: number;
  contentType: string;
  body: string;
}
