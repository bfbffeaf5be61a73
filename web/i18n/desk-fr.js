// @ts-check
/** The desk in French. */

/** @import { DeskWords } from "./desk-en.js" */

const number = new Intl.NumberFormat("fr");

/** @type {DeskWords} */
export const deskFr = {
  title: "Bureau visavis",
  mark: "bureau visavis",
  skip: "Aller au contenu",
  pageLanguage: "Langue de cette page",
  placesLabel: "Pages du bureau",
  signInTitle: "Le bureau",
  signInLead: "Ici, des personnes regardent ce qui a été signalé ou arrêté, et décident.",
  token: "Votre jeton",
  tokenHint: "Il reste dans cet onglet et disparaît avec lui.",
  signIn: "Entrer",
  signOut: "Sortir",
  done: "Terminé",
  cancel: "Annuler",
  more: "Lignes plus anciennes",

  place: (name) => ({ bans: "Dehors", trail: "Journal", figures: "Chiffres", rules: "Règles" })[name] ?? name,
  role: (role) =>
    ({
      moderator: "modération",
      senior: "modération confirmée",
      admin: "administration",
      "child-safety": "protection de l’enfance",
    })[role] ?? role,

  keys: "Touches",
  keysSettings: "Touches…",
  keysLead: "La ligne du bas dit ce que font les touches sur la page affichée.",
  keysOn: "Une touche seule agit",

  bansTitle: "Qui reste dehors",
  bansCount: (count, shown) => {
    if (count === 0) return "Personne ne reste dehors.";
    const all = count === 1 ? "1 appareil" : `${number.format(count)} appareils`;
    return shown < count ? `${all} ; les ${number.format(shown)} qui restent le plus longtemps sont affichés.` : all;
  },
  ban: "Exclusion",
  seen: "Vu",
  still: "Encore",
  acts: "Ce qui peut être fait",
  liftBan: "Laisser revenir",
  liftTitle: "Laisser revenir cette personne ?",
  lifted: "Cette personne peut revenir.",
  reasonLabel: "Motif",
  note: "Une note, si vous voulez",

  trailTitle: "Ce qui a été consigné",
  trailEmpty: "Rien n’est consigné à ce sujet.",
  number: "N°",
  when: "Quand",
  who: "Qui",
  what: "Quoi",
  why: "À quel sujet, et pourquoi",
  actorExample: "par ex. person Ada",
  actionExample: "par ex. readmit",
  filter: "Afficher",
  session: (session) => `séance ${session}`,

  figuresTitle: "La marche du travail",
  daysLabel: "Jours",
  part: (part) =>
    ({ warned: "Avertis", stopped: "Arrêtés", ended: "Terminés", reported: "Signalés", reversed: "Annulés" })[part] ?? part,
  plot: (from, to) => `Ce qui a été fait chaque jour, du ${from} au ${to}`,
  count: (count) => number.format(count),
  byMachine: "Arrêtés par la machine",
  byPeople: "Arrêtés par des personnes",
  takenBack: "Annulés",
  figuresEmpty: "Rien n’a été fait ces jours-ci.",
  exportTitle: "Un mois à publier",
  exportLead: "Ce qui a été fait, à quel sujet, et si une machine ou une personne l’a décidé. Personne n’y est nommé.",
  month: "Mois",
  exportCsv: "Enregistrer en CSV",
  exportJson: "Enregistrer en JSON",

  rulesTitle: "Les règles",
  rulesLead:
    "Ce qui arrive quand quelque chose est vu se trouve dans un fichier sur le serveur. Une fois modifié, il est relu d’ici ; s’il contient une erreur, rien ne change.",
  reload: "Relire les règles",
  reloaded: (version) => `En vigueur maintenant : ${version}`,

  label: (label) =>
    ({
      porn: "nudité ou sexe",
      hentai: "nudité ou sexe dessinés",
      sexy: "tenue légère",
      drawing: "un dessin",
      neutral: "rien de particulier",
      no_face: "pas de visage",
      unusable: "image noire ou vide",
      frozen: "image immobile",
      known_picture: "une image connue",
      undecodable: "impossible à décoder",
      no_verdict: "n’a pu être regardée",
      reported: "signalement",
      reported_nudity: "signalement : nudité",
      reported_minor: "signalement : semble mineur",
      reported_violence: "signalement : violence",
      reported_hate: "signalement : haine",
      reported_spam: "signalement : publicité",
      reported_other: "signalement : autre chose",
    })[label] ?? label,
  reason: (reason) =>
    ({
      nudity: "Nudité ou sexe",
      minor: "Une personne qui semble mineure",
      violence: "Violence ou menaces",
      hate: "Haine ou insultes",
      harassment: "Pression ou harcèlement",
      recording: "Un enregistrement au lieu d’une personne",
      spam: "Publicité ou robot",
      nobody_there: "Personne n’est là",
      mistake: "Une erreur : rien à reprocher",
      other: "Autre chose",
    })[reason] ?? reason,
  problem: (code, detail) =>
    ({
      unreachable: "Le serveur est injoignable. Rien n’a été changé.",
      unknown_token: "Ce jeton n’est à personne. Adressez-vous à qui exploite le serveur.",
      too_many_attempts: "Trop de jetons inconnus sont venus de votre réseau. Attendez un instant.",
      not_your_role: "Votre rôle ne le permet pas.",
      no_desk: "Les images ne sont pas regardées sur ce serveur : il n’y a rien à décider.",
      no_such_ban: "Cette exclusion est déjà terminée.",
      unknown_reason: "Ce motif n’est plus sur la liste.",
      long_note: "La note est trop longue.",
      wrong_policy: `Les règles restent inchangées. ${detail}`,
      not_written: "Cela n’a pu être consigné, donc rien n’a été fait. Prévenez qui exploite le serveur.",
      store: "Le disque du serveur ne répond pas. Réessayez dans un instant.",
      ending: "Le serveur redémarre.",
    })[code] ?? `Cela n’a pas été fait. ${detail}`,
};
