// @ts-check
/** The desk in French. */

/** @import { DeskWords } from "./desk-en.js" */

const number = new Intl.NumberFormat("fr");
const percent = new Intl.NumberFormat("fr", { style: "percent", maximumFractionDigits: 1 });

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

  place: (name) => ({ queue: "File", bans: "Dehors", trail: "Journal", figures: "Chiffres", rules: "Règles" })[name] ?? name,
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

  queueTitle: "Ce qui attend",
  classes: "Quels dossiers",
  everyClass: "Tous",
  conduct: "Conduite",
  childSafety: "Protection de l’enfance",
  takeNext: "Prendre le suivant",
  nothingWaits: "Rien n’attend.",
  queueCount: (open, age) => {
    if (open === 0) return "";
    const waits = open === 1 ? "1 dossier attend" : `${number.format(open)} dossiers attendent`;
    return age ? `${waits}, le plus ancien depuis ${age}.` : `${waits}.`;
  },
  severity: (severity) => `Urgence ${severity} sur 5`,
  origin: (origin) =>
    ({
      report: "une personne s’est plainte",
      machine: "une machine a agi",
      appeal: "un nouvel examen est demandé",
    })[origin] ?? origin,
  status: (status) =>
    ({
      open: "personne n’a décidé",
      second_opinion: "demande un second avis",
      escalated: "transmis",
      appealed: "décidé, puis contesté",
      closed: "décidé",
    })[status] ?? status,
  reports: (count) => (count === 1 ? "1 signalement" : `${number.format(count)} signalements`),
  has: (name) => `${name} s’en occupe`,

  backToQueue: "Retour à la file",
  picturesTitle: "Ce qu’il y a à voir",
  picturesLead: "Appuyez sur une image pour la voir en gris, encore pour ses couleurs, encore pour la couvrir.",
  viewPictures: "Mieux voir les images",
  pictureShowsNothing: "Cette image ne montre rien.",
  whose: (whose) => ({ about: "la personne concernée", reporter: "la personne qui se plaint" })[whose] ?? whose,
  pictureName: (place, count, whose) =>
    `Image ${place} sur ${count}, ${whose === "reporter" ? "de la personne qui se plaint" : "de la personne concernée"}`,
  sight: (sight) => ({ veiled: "Couverte", grey: "En gris", plain: "En couleurs" })[sight] ?? sight,
  exportCase: "Enregistrer pour l’autorité",
  historyTitle: "Ce qui a précédé",
  noHistory: "Rien n’est connu de cet appareil.",
  trailOfCase: "Ce qui a été consigné sur ce dossier",
  decisionTitle: "Décider",
  lengthLabel: "Pour combien de temps",
  decide: "Décider",
  decided: "Consigné et fait.",
  orHandOn: "Ou transmettre à",
  escalate: "Transmettre",
  factsTitle: "Ce qui est connu",
  chooseReason: "Choisir…",
  chooseBoth: "Choisissez ce qui doit arriver, et un motif.",
  factStatus: "État",
  factOrigin: "Origine",
  factOpened: "Ouvert depuis",
  factReports: "Signalements",
  factMachine: "Fait par la machine",
  factPolicy: "Règles en vigueur",
  factKept: "Gardé jusqu’au",
  factCode: "Son code",
  nothingDone: "rien",
  heldBack: "soustrait à l’effacement",
  beginHold: "Garder au-delà du délai",
  endHold: "Laisser expirer",
  escalateTo: (place) => ({ senior: "une personne confirmée", child_safety: "la protection de l’enfance" })[place] ?? place,
  ruling: (ruling) =>
    ({
      dismiss: "Rien à reprocher",
      warn: "Avertir",
      blur: "Arrêter l’image",
      unblur: "Laisser l’image reprendre",
      end: "Terminer la séance",
      cooldown: "Dehors un moment",
      ban: "Dehors longtemps",
    })[ruling] ?? ruling,
  action: (action) =>
    ({
      dismiss: "rien à reprocher",
      warn: "avertissement",
      blur: "image arrêtée",
      unblur: "image reprise",
      end: "séance terminée",
      cooldown: "dehors un moment",
      ban: "dehors longtemps",
    })[action] ?? action,
  length: (ms) => {
    const hours = ms / 3_600_000;
    if (hours < 1) return `${Math.round(hours * 60)} minutes`;
    if (hours < 24) return hours === 1 ? "1 heure" : `${hours} heures`;
    const days = hours / 24;
    if (days >= 365) return "un an, avec un second avis";
    return days === 1 ? "1 jour" : `${days} jours`;
  },

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

  covered: (seconds) => `Temps des visiteurs avec une image jugée dans les ${seconds} dernières secondes`,
  share: (ratio) => (ratio === null ? "–" : percent.format(ratio)),
  firstVerdict: "De la connexion au premier verdict",
  untilAction: "D’une image à ce qui fut fait",
  halfAndMost: (half, most) =>
    half === null || most === null ? "–" : `${number.format(half)} ms, 95 % : ${number.format(most)} ms`,
  lookedBy: "Vues par",
  pictures: "Images",
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
      text_profane: "jurons, par écrit",
      text_offensive: "insultes graves, par écrit",
      text_sexual: "mots sexuels, par écrit",
      text_mean: "méchancetés, par écrit",
      text_spam: "toujours la même chose, par écrit",
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
      no_such_case: "Ce dossier n’existe pas.",
      no_such_picture: "Cette image n’est plus là.",
      sealed: "Cette image ne s’ouvre pas : le serveur a une autre clé que celle qui l’a scellée.",
      taken: "Une autre personne a ce dossier. Vous pouvez le lire en attendant.",
      not_leased: "Votre temps avec ce dossier est passé. Ouvrez-le à nouveau.",
      same_person: "Vous avez déjà décidé ce dossier : c’est le tour d’une autre personne.",
      closed: "Ce dossier est décidé.",
      no_such_ban: "Cette exclusion est déjà terminée.",
      unknown_reason: "Ce motif n’est plus sur la liste.",
      long_note: "La note est trop longue.",
      wrong_policy: `Les règles restent inchangées. ${detail}`,
      not_written: "Cela n’a pu être consigné, donc rien n’a été fait. Prévenez qui exploite le serveur.",
      store: "Le disque du serveur ne répond pas. Réessayez dans un instant.",
      ending: "Le serveur redémarre.",
    })[code] ?? `Cela n’a pas été fait. ${detail}`,
};
