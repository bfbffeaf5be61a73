// @ts-check
/** The page in French. */

/** @import { Words } from "./en.js" */

const number = new Intl.NumberFormat("fr");
const list = new Intl.ListFormat("fr");

/** @type {Words} */
export const fr = {
  skip: "Aller au contenu",
  pageLanguage: "Langue de cette page",

  doorTitle: "Face à face avec quelqu’un que vous n’avez jamais vu",
  doorLead:
    "visavis vous met face à une autre personne, au hasard, en vidéo ou par écrit. Sans compte, sans nom. Quand vous avez assez parlé, appuyez sur Suivant.",
  honestTitle: "À savoir",
  honestRelay:
    "Image, son et texte passent par ce serveur, jamais directement de vous à l’autre : les inconnus n’apprennent pas votre adresse réseau.",
  honestLooked:
    "Un programme peut regarder les images avant et pendant qu’un inconnu les voit. Ce qui enfreint les règles est arrêté ; ce qui n’est pas clair peut être vu par un modérateur.",
  honestRecord:
    "La personne en face peut malgré tout enregistrer son écran. Ne montrez et ne dites rien que vous ne voudriez pas voir gardé.",
  honestReport:
    "Vous pouvez quitter toute conversation à tout moment. Qui vous signalez, vous ne le reverrez plus.",
  rulesTitle: "Les règles",
  ruleAdult: "Entre adultes seulement, des deux côtés.",
  ruleClothes: "On reste habillé.",
  ruleKind: "Ni menaces, ni haine, ni pression.",
  ruleRecord: "On n’enregistre ni ne photographie personne.",
  ruleSell: "Rien à vendre, pas de liens à placer.",

  previewTitle: "Caméra et micro",
  previewOpen: "Essayer ma caméra",
  previewWhy: "Personne ne vous voit avant que vous ne commenciez.",
  levelLabel: "Ce que votre micro entend de vous",
  camera: "Caméra",
  microphone: "Micro",
  defaultDevice: "Par défaut",
  numbered: (kind, n) => `${kind} ${n}`,
  textOnly: "Par écrit seulement : ni caméra, ni micro",
  interests: "Centres d’intérêt",
  interestsExample: "échecs, cuisine, vieux films",
  interestsHint: "Ce sont des souhaits : au bout d’un moment, nous cherchons n’importe qui.",
  spoken: "Je parle",
  anyLanguage: "peu importe la langue",
  agree: "J’ai 18 ans ou plus et je respecterai les règles.",
  start: "Commencer",
  starting: "Un instant…",

  talkTitle: "Conversation",
  online: (n) => (n < 2 ? "personne en ligne" : "personnes en ligne"),
  stranger: "Inconnu",
  you: "Vous",
  remoteLabel: "L’image de l’inconnu",
  localLabel: "Votre propre image",
  cameraOff: "Votre caméra est coupée",
  controls: "Cette conversation",
  next: "Suivant",
  look: "Chercher quelqu’un",
  tryAgain: "Réessayer",
  stop: "Arrêter",
  muteAudio: "Couper le micro",
  muteVideo: "Couper la caméra",
  devices: "Choisir caméra et micro",
  save: "Garder le texte sur cet appareil",
  report: "Signaler",
  leave: "Partir",
  done: "C’est bon",
  cancel: "Annuler",

  connecting: "Connexion…",
  ageCheck: "D’abord votre âge.",
  ageCheckDetail: "Il est vérifié sur une page à part. Ensuite, tout continue ici de soi-même.",
  ageCheckOpen: "Vérifier mon âge",
  connectingDetail: "Une seule fois ; ensuite, Suivant est rapide.",
  looking: "Nous cherchons quelqu’un…",
  usualWait: (seconds) =>
    seconds <= 1
      ? "D’habitude, environ une seconde."
      : `D’habitude, environ ${number.format(seconds)} secondes.`,
  lookingByInterests: "D’abord parmi ceux qui partagent vos centres d’intérêt.",
  lookingAnybody: "N’importe qui peut venir.",
  anybody: "Chercher n’importe qui",
  matched: "Vous êtes face à face avec un inconnu.",
  matchedText: "Vous parlez avec un inconnu.",
  common: (words) => `Vous aimez tous deux : ${list.format(words)}.`,
  left: "L’autre est parti.",
  leftLost: "L’autre a perdu sa connexion.",
  leftEnded: "Cette conversation a été arrêtée.",
  leftDetail: "Nous cherchons de nouveau dans un instant…",
  idle: "Arrêté.",
  idleDetail: "Personne ne vous voit maintenant.",
  lost: "Connexion perdue.",
  lostDetail: "Nous essayons de revenir…",
  lostForGood: "Le serveur est injoignable.",
  shutdown: "Le serveur redémarre.",
  ended: "Le serveur a mis fin à votre visite.",
  replaced: "Votre visite continue dans une autre fenêtre.",
  full: "Toutes les places sont prises.",
  fullDetail: (seconds) =>
    seconds <= 1
      ? "Nouvel essai dans une seconde."
      : `Nouvel essai dans ${number.format(seconds)} secondes.`,
  goingAway: "Le serveur va redémarrer. Cette conversation peut encore durer un peu.",

  screening: "Votre image est d’abord regardée ; personne ne la voit avant.",
  screeningOverdue:
    "Votre image ne peut pas être regardée pour l’instant, et personne n’est montré sans cela. Cela reprend tout seul.",
  seen: (label) =>
    ({
      porn: "Votre image semble montrer de la nudité.",
      hentai: "Votre image semble montrer de la nudité.",
      sexy: "Votre image semble montrer plus que ce que les règles permettent.",
      no_face: "On ne voit personne sur votre image.",
      unusable: "Votre image est noire ou vide.",
      frozen: "Votre image ne bouge pas.",
      known_picture: "Votre image est de celles qui ne sont pas admises ici.",
      undecodable: "Votre image ne peut pas être regardée.",
      no_verdict: "Votre image ne peut pas être regardée.",
      reported: "D’autres vous ont signalé.",
      text_profane: "Surveillez votre langage.",
      text_offensive: "Ce que vous écrivez insulte des gens.",
      text_sexual: "Ce que vous écrivez est sexuel.",
      text_mean: "Ce que vous écrivez est méchant.",
      text_spam: "Vous écrivez toujours la même chose.",
    })[label] ?? "Votre image semble enfreindre les règles.",
  warned: "Si cela reste ainsi, les autres ne vous verront plus.",
  ownBlocked: "Les autres ne vous voient pas.",
  ownBlockedDetail: "Cela finit tout seul quand tout est en ordre.",
  partnerBlocked: "Son image est arrêtée pour l’instant.",
  comeBack: (minutes) =>
    minutes <= 1
      ? "Vous pourrez revenir dans une minute."
      : `Vous pourrez revenir dans ${number.format(minutes)} minutes.`,
  caseCode: (code) => `Si c’était une erreur, demandez un nouvel examen sur /appeal avec le code ${code}.`,

  chatTitle: "Texte",
  chatLabel: "Message à l’inconnu",
  chatPlaceholder: "Dites bonjour",
  chatSend: "Envoyer",
  typing: "L’inconnu écrit…",
  notSent: "Pas envoyé : il n’y a personne.",
  reported: "Merci. Vous ne reverrez plus cette personne.",
  notReported: "Le signalement n’est pas parti. Réessayez dans un instant.",

  reportTitle: "Que s’est-il passé ?",
  reportNudity: "Nudité ou comportement sexuel",
  reportMinor: "Quelqu’un qui semble avoir moins de 18 ans",
  reportViolence: "Violence ou menaces",
  reportHate: "Haine ou insultes",
  reportSpam: "Publicité, enregistrement, robot",
  reportOther: "Autre chose",
  reportNote: "Un mot à ce sujet, si vous voulez",
  reportHint: "Vous ne vous reverrez plus. L’autre ne saura pas qui l’a signalé.",
  reportSend: "Signaler et chercher quelqu’un d’autre",

  mediaDenied:
    "Le navigateur n’a pas donné la caméra. Autorisez-la à côté de l’adresse, ou choisissez l’écrit.",
  mediaMissing: "Aucune caméra trouvée. Branchez-en une, ou choisissez l’écrit.",
  mediaBusy: "La caméra sert à un autre programme. Fermez-le, ou choisissez l’écrit.",
  mediaInsecure:
    "Les navigateurs ne donnent la caméra qu’aux pages sûres (https). L’écrit marche ici.",
  refusedInterests:
    "Le serveur n’a pas accepté ces centres d’intérêt : moins, ou plus courts, s’il vous plaît.",
  keptBack: "Pas envoyé : les règles d’ici n’admettent pas ces mots.",
  refusedText: "Trop long : pas envoyé.",
  refusedDraining: "Le serveur redémarre. Réessayez dans une minute.",
  refusedCodec:
    "Ce navigateur et le serveur n’ont aucun format vidéo en commun. L’écrit marche.",
  refusedToken: "Ce lien a servi ou date trop. Retournez d’où vous venez pour un autre.",
  refusedChallenge: "Le serveur veut savoir que vous n’êtes pas un robot, et cette page ne peut pas le montrer.",
  refusedAge: "Votre âge n’est pas admis ici, ou doit être mieux prouvé.",
  refused: "Le serveur n’a pas voulu. Réessayez dans un instant.",
};
