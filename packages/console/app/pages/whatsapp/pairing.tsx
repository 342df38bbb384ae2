import { useQr } from './use-qr.ts';

/** The QR code and the steps on the phone. The session page replaces it once the session is paired. */
export function Pairing({ id }: { id: string }) {
  const code = useQr(id, true).value;
  return (
    <section class="card pairing" aria-labelledby="pair-it">
      <div class="qr" aria-busy={code === undefined}>
        {code === undefined ? (
          <p role="status">Waiting for a QR code …</p>
        ) : (
          <img
            src={`data:${code.mimetype};base64,${code.data}`}
            alt={`QR code that pairs ${id}: point the camera of the phone at this part of the screen`}
          />
        )}
      </div>
      <div>
        <h2 id="pair-it">Pair it with the phone</h2>
        <ol>
          <li>Take the phone whose WhatsApp number customers write to, and open WhatsApp on it.</li>
          <li>
            Android: tap the three dots at the top, then <strong>Linked devices</strong>. iPhone:{' '}
            <strong>Settings</strong>, then <strong>Linked devices</strong>.
          </li>
          <li>
            Tap <strong>Link a device</strong>, and unlock the phone if it asks.
          </li>
          <li>Point the camera at the QR code on this screen.</li>
        </ol>
        <p class="help">
          The code changes by itself until it is scanned. This page moves on as soon as the phone is paired.
          Whoever scans it links this account: show it to nobody else.
        </p>
      </div>
    </section>
  );
}
