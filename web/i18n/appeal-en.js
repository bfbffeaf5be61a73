// @ts-check
/** Asking for another look, in English. Every other language has the same keys. */

export const appealEn = {
  pageLanguage: "Language of this page",
  title: "Another look",
  lead: "Your picture was stopped, or your stay was ended, and you think that this was wrong? With the code that you were shown, another person looks at it again. You need no account.",
  code: "Your code",
  find: "How does it stand?",
  text: "What should the other person know?",
  hint: "You can ask once. Whoever decided first does not decide again.",
  ask: "Ask for another look",
  /** @type {(action: string | null) => string} */
  done: (action) =>
    ({
      dismiss: "Nothing was found wrong; what was done is taken back.",
      warn: "You were warned.",
      blur: "Your picture was stopped.",
      unblur: "Your picture may be seen again.",
      end: "Your stay was ended.",
      cooldown: "You stay outside for a while.",
      ban: "You stay outside for long.",
    })[action ?? ""] ?? "Nothing was done.",
  /** @type {(automated: boolean) => string} */
  by: (automated) =>
    automated ? "A program decided this; no person has yet." : "A person decided this.",
  /** @type {(status: string, appealed: boolean) => string} */
  status: (status, appealed) => {
    if (status === "closed") return appealed ? "It was looked at again. This is final." : "It is decided.";
    return appealed ? "Somebody else will look at it. Come back with your code." : "A person will look at it.";
  },
  /** @type {(code: string) => string} */
  problem: (code) =>
    ({
      no_such_case: "There is no case with this code. Perhaps a letter is wrong.",
      appealed: "You have asked for another look already.",
      appeal_text: "Write something, in 2,000 characters at most.",
      too_fast: "That was too fast. Wait a minute and try again.",
      unreachable: "The server cannot be reached.",
    })[code] ?? "It did not work. Try again in a moment.",
};

/**
 * @typedef {{ [K in keyof typeof appealEn]: (typeof appealEn)[K] extends string ? string : (typeof appealEn)[K] }} AppealWords
 */
