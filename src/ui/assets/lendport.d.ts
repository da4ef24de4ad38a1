// Types of lendport.js and lendport.mjs.

/** Where a checkout stands, as the gateway says; `unknown` when it could not be asked, `token_expired` for an old token. */
export type CheckoutStatus =
  | "choose"
  | "preparing"
  | "checking"
  | "continue"
  | "deciding"
  | "preapproved"
  | "approved"
  | "declined"
  | "failed"
  | "expired"
  | "canceled"
  | "closed"
  | "token_expired"
  | "unknown";

export interface Result {
  /** For what the shopper sees. Orders are made by signed webhooks, never by this. */
  readonly status: CheckoutStatus;
  /** True when nothing more is expected of anybody. */
  readonly isFinal: boolean;
  /** The merchant's return URL that fits, where the checkout has one. */
  readonly returnUrl: string | null;
}

export interface Callbacks {
  /** The shopper has done their part: approved, preapproved, deciding or checking. */
  onComplete?(result: Result): void;
  /** In all other cases: offer another way to pay, or the same checkout again. */
  onAbort?(result: Result): void;
}

export interface Options extends Callbacks {
  /** `client_token` of the checkout, made by the merchant's server. */
  clientToken: string;
  /** Over this page, which is the default, or by going there. */
  mode?: "lightbox" | "redirect";
  /** `en`, `es` or `fr`; else what the merchant has set or the browser prefers. */
  lang?: string;
}

/** Opens a checkout. Asked again for the one that is open it answers the same promise. */
export function open(options: Options): Promise<Result>;

/** Opens again what was open before this page was loaded anew, and asks about what was closed or gone to; null when nothing was. */
export function resume(callbacks?: Callbacks): Promise<Result> | null;

declare const Lendport: { readonly open: typeof open; readonly resume: typeof resume };
export default Lendport;

declare global {
  const Lendport: { readonly open: typeof open; readonly resume: typeof resume };
}
