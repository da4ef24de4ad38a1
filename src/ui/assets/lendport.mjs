// The same as `lendport.js`, for `import { open } from ".../assets/lendport.mjs"`.
import "./lendport.js";

export const { open, resume } = globalThis.Lendport;
export default globalThis.Lendport;
