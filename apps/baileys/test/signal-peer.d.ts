interface Ciphertext {
    /** 3: a first message of a session; 1: any other. */
    type: number;
    bytes: Buffer;
}
/** One end of libsignal sessions, as the unmodified library keeps them. */
export declare class Peer {
    #private;
    constructor(name: string);
    startSession(peer: Peer): Promise<void>;
    write(peer: Peer, text: string): Promise<Ciphertext>;
    read(peer: Peer, { type, bytes }: Ciphertext): Promise<string>;
}
export {};
