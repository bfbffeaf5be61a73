// @ts-check
/** Asking for another look, in French. */

/** @import { AppealWords } from "./appeal-en.js" */

/** @type {AppealWords} */
export const appealFr = {
  pageLanguage: "Langue de cette page",
  title: "Un nouvel examen",
  lead: "Votre image a été arrêtée, ou votre séance terminée, et vous pensez que c’était une erreur ? Avec le code qui vous a été montré, une autre personne regarde à nouveau. Aucun compte n’est nécessaire.",
  code: "Votre code",
  find: "Où en est-ce ?",
  text: "Que devrait savoir l’autre personne ?",
  hint: "Vous pouvez demander une fois. Qui a décidé d’abord ne décide pas à nouveau.",
  ask: "Demander un nouvel examen",
  done: (action) =>
    ({
      dismiss: "Rien n’a été trouvé à reprocher ; ce qui a été fait est annulé.",
      warn: "Vous avez reçu un avertissement.",
      blur: "Votre image a été arrêtée.",
      unblur: "Votre image peut à nouveau être vue.",
      end: "Votre séance a été terminée.",
      cooldown: "Vous restez dehors un moment.",
      ban: "Vous restez dehors longtemps.",
    })[action ?? ""] ?? "Rien n’a été fait.",
  by: (automated) =>
    automated ? "Un programme l’a décidé ; personne encore." : "Une personne l’a décidé.",
  status: (status, appealed) => {
    if (status === "closed") return appealed ? "Cela a été regardé à nouveau. C’est définitif." : "C’est décidé.";
    return appealed ? "Une autre personne va regarder. Revenez avec votre code." : "Une personne va regarder.";
  },
  problem: (code) =>
    ({
      no_such_case: "Aucun dossier n’a ce code. Une lettre est peut-être fausse.",
      appealed: "Vous avez déjà demandé un nouvel examen.",
      appeal_text: "Écrivez quelque chose, en 2 000 caractères au plus.",
      too_fast: "C’était trop rapide. Attendez une minute et réessayez.",
      unreachable: "Le serveur est injoignable.",
    })[code] ?? "Cela n’a pas marché. Réessayez dans un instant.",
};
