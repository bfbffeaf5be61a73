// @ts-check
/** The desk in English. Every other language has the same keys. */

const number = new Intl.NumberFormat("en");
const percent = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 1 });

export const deskEn = {
  title: "visavis desk",
  mark: "visavis desk",
  skip: "Skip to the content",
  pageLanguage: "Language of this page",
  placesLabel: "Pages of the desk",
  signInTitle: "The desk",
  signInLead: "Where people look at what was reported or stopped, and decide.",
  token: "Your token",
  tokenHint: "It stays in this tab and is forgotten with it.",
  signIn: "Sign in",
  signOut: "Sign out",
  done: "Done",
  cancel: "Cancel",
  more: "Older lines",

  /** @type {(name: string) => string} */
  place: (name) => ({ queue: "Queue", bans: "Outside", trail: "Log", figures: "Figures", rules: "Policy" })[name] ?? name,
  /** @type {(role: string) => string} */
  role: (role) =>
    ({ moderator: "moderator", senior: "senior", admin: "admin", "child-safety": "child safety" })[role] ?? role,

  keys: "Keys",
  keysSettings: "Keys…",
  keysLead: "The line at the bottom lists what single keys do on the page that is shown.",
  keysOn: "Single keys do something",

  queueTitle: "What waits",
  classes: "Which cases",
  everyClass: "All",
  conduct: "Conduct",
  childSafety: "Child safety",
  takeNext: "Take the next",
  nothingWaits: "Nothing waits.",
  /** @type {(open: number, age: string) => string} */
  queueCount: (open, age) => {
    if (open === 0) return "";
    const waits = open === 1 ? "1 case waits" : `${number.format(open)} cases wait`;
    return age ? `${waits}, the oldest for ${age}.` : `${waits}.`;
  },
  /** @type {(severity: number) => string} */
  severity: (severity) => `Presses ${severity} of 5`,
  /** @type {(origin: string) => string} */
  origin: (origin) =>
    ({ report: "a visitor complained", machine: "a machine acted", appeal: "they ask for another look" })[origin] ?? origin,
  /** @type {(status: string) => string} */
  status: (status) =>
    ({
      open: "nobody has decided",
      second_opinion: "needs a second opinion",
      escalated: "handed on",
      appealed: "decided, and appealed",
      closed: "decided",
    })[status] ?? status,
  /** @type {(count: number) => string} */
  reports: (count) => (count === 1 ? "1 report" : `${number.format(count)} reports`),
  /** @type {(name: string) => string} */
  has: (name) => `${name} has it`,

  backToQueue: "Back to the queue",
  picturesTitle: "What there is to see",
  picturesLead: "Press a picture to see it in grey, again for its colours, once more to cover it.",
  viewPictures: "See more of the pictures",
  pictureShowsNothing: "This picture shows nothing.",
  /** @type {(whose: string) => string} */
  whose: (whose) => ({ about: "who the case is about", reporter: "who complained" })[whose] ?? whose,
  /** @type {(place: number, count: number, whose: string) => string} */
  pictureName: (place, count, whose) =>
    `Picture ${place} of ${count}, of ${whose === "reporter" ? "who complained" : "who the case is about"}`,
  /** @type {(sight: string) => string} */
  sight: (sight) => ({ veiled: "Covered", grey: "In grey", plain: "In its colours" })[sight] ?? sight,
  exportCase: "Save for the authority",
  historyTitle: "What came before",
  noHistory: "Nothing is known of this device.",
  trailOfCase: "What was written down about this case",
  decisionTitle: "Decide",
  lengthLabel: "For how long",
  decide: "Decide",
  decided: "Written down and done.",
  orHandOn: "Or hand it to",
  escalate: "Hand on",
  factsTitle: "What is known",
  chooseReason: "Choose…",
  chooseBoth: "Choose what is to happen, and a reason.",
  factStatus: "Stands",
  factOrigin: "Came about",
  factOpened: "Open for",
  factReports: "Reports",
  factMachine: "Done by machine",
  factPolicy: "Policy",
  factKept: "Kept until",
  factCode: "Their code",
  nothingDone: "nothing",
  heldBack: "held back from deletion",
  beginHold: "Keep it beyond its time",
  endHold: "Let it expire",
  /** @type {(place: string) => string} */
  escalateTo: (place) => ({ senior: "somebody senior", child_safety: "child safety" })[place] ?? place,
  /** @type {(ruling: string) => string} */
  ruling: (ruling) =>
    ({
      dismiss: "Nothing is wrong",
      warn: "Warn",
      blur: "Stop the picture",
      unblur: "Let the picture go on",
      end: "End the stay",
      cooldown: "Out for a while",
      ban: "Out for long",
    })[ruling] ?? ruling,
  /** What was done, as a log has it. @type {(action: string) => string} */
  action: (action) =>
    ({
      dismiss: "nothing wrong",
      warn: "warned",
      blur: "picture stopped",
      unblur: "picture let go on",
      end: "stay ended",
      cooldown: "out for a while",
      ban: "out for long",
    })[action] ?? action,
  /** @type {(ms: number) => string} */
  length: (ms) => {
    const hours = ms / 3_600_000;
    if (hours < 1) return `${Math.round(hours * 60)} minutes`;
    if (hours < 24) return hours === 1 ? "1 hour" : `${hours} hours`;
    const days = hours / 24;
    if (days >= 365) return "a year, with a second opinion";
    return days === 1 ? "1 day" : `${days} days`;
  },

  bansTitle: "Who stays outside",
  /** @type {(count: number, shown: number) => string} */
  bansCount: (count, shown) => {
    if (count === 0) return "Nobody stays outside.";
    const all = count === 1 ? "1 device" : `${number.format(count)} devices`;
    return shown < count ? `${all}; the ${number.format(shown)} that stay longest are shown.` : all;
  },
  ban: "Ban",
  seen: "Seen",
  still: "Still for",
  acts: "What can be done",
  liftBan: "Let in again",
  liftTitle: "Let them in again?",
  lifted: "They may come in again.",
  reasonLabel: "Reason",
  note: "A note, if you like",

  trailTitle: "What was written down",
  trailEmpty: "Nothing is written down about this.",
  number: "No.",
  when: "When",
  who: "Who",
  what: "What",
  why: "About what, and why",
  actorExample: "person Ada",
  actionExample: "readmit",
  filter: "Show",
  /** @type {(session: string) => string} */
  session: (session) => `session ${session}`,

  /** @type {(seconds: number) => string} */
  covered: (seconds) => `Visitors’ time with a picture judged in the last ${seconds} seconds`,
  /** @type {(ratio: number | null) => string} */
  share: (ratio) => (ratio === null ? "–" : percent.format(ratio)),
  firstVerdict: "From the connection to the first verdict",
  untilAction: "From a picture to what was done about it",
  /** Half and 95 % of them took no longer. @type {(half: number | null, most: number | null) => string} */
  halfAndMost: (half, most) =>
    half === null || most === null ? "–" : `${number.format(half)} ms, 95 %: ${number.format(most)} ms`,
  lookedBy: "Looked at by",
  pictures: "Pictures",
  figuresTitle: "How the work goes",
  daysLabel: "Days",
  /** @type {(part: string) => string} */
  part: (part) =>
    ({ warned: "Warned", stopped: "Stopped", ended: "Ended", reported: "Reported", reversed: "Taken back" })[part] ?? part,
  /** @type {(from: string, to: string) => string} */
  plot: (from, to) => `What was done each day, from ${from} to ${to}`,
  /** @type {(count: number) => string} */
  count: (count) => number.format(count),
  byMachine: "Stopped by the machine",
  byPeople: "Stopped by people",
  takenBack: "Taken back",
  figuresEmpty: "Nothing was done in these days.",
  exportTitle: "A month for publication",
  exportLead: "What was done about what, and whether a machine or a person decided it. It names nobody.",
  month: "Month",
  exportCsv: "Save as CSV",
  exportJson: "Save as JSON",

  rulesTitle: "The policy",
  rulesLead:
    "What happens when something is seen stands in a file on the server. Once it is changed there, it is read again from here; one with a mistake changes nothing.",
  reload: "Read the policy again",
  /** @type {(version: string) => string} */
  reloaded: (version) => `In force now: ${version}`,

  /** A label of the classifiers or of the desk; an operator's own is shown as it is. @type {(label: string) => string} */
  label: (label) =>
    ({
      porn: "nudity or sex",
      hentai: "drawn nudity or sex",
      sexy: "scantily dressed",
      drawing: "a drawing",
      neutral: "nothing in particular",
      no_face: "no face",
      unusable: "black or empty picture",
      frozen: "picture stands still",
      known_picture: "a known picture",
      undecodable: "cannot be decoded",
      no_verdict: "could not be looked at",
      reported: "reported",
      reported_nudity: "reported: nudity",
      reported_minor: "reported: looks under 18",
      reported_violence: "reported: violence",
      reported_hate: "reported: hatred",
      reported_spam: "reported: advertising",
      reported_other: "reported: something else",
      text_profane: "swearing, in writing",
      text_offensive: "slurs, in writing",
      text_sexual: "sexual words, in writing",
      text_mean: "unkind words, in writing",
      text_spam: "the same again and again, in writing",
    })[label] ?? label,
  /** A reason of the operator's list; one of their own is shown as it is. @type {(reason: string) => string} */
  reason: (reason) =>
    ({
      nudity: "Nudity or sex",
      minor: "Somebody who looks under 18",
      violence: "Violence or threats",
      hate: "Hatred or insults",
      harassment: "Pressure or harassment",
      recording: "A recording instead of a person",
      spam: "Advertising or a robot",
      nobody_there: "Nobody is there",
      mistake: "A mistake: nothing is wrong",
      other: "Something else",
    })[reason] ?? reason,
  /** What went wrong. @type {(code: string, detail: string) => string} */
  problem: (code, detail) =>
    ({
      unreachable: "The server cannot be reached. Nothing was changed.",
      unknown_token: "This token is nobody’s. Ask whoever runs the server.",
      too_many_attempts: "Too many unknown tokens came from your network. Wait a moment.",
      not_your_role: "Your role may not do this.",
      no_desk: "Pictures are not looked at on this server: there is nothing to decide.",
      no_such_case: "There is no such case.",
      no_such_picture: "This picture is not there any more.",
      sealed: "This picture does not open: the server has another evidence key than the one it was sealed with.",
      taken: "Somebody else has this case. You can read it meanwhile.",
      not_leased: "Your time with this case is over. Open it again.",
      same_person: "You have decided this case before: now it is somebody else’s turn.",
      closed: "This case is decided.",
      no_such_ban: "This ban is over already.",
      unknown_reason: "This reason is no longer on the list.",
      long_note: "The note is too long.",
      wrong_policy: `The policy stays as it was. ${detail}`,
      not_written: "It could not be written down, so nothing was done. Tell whoever runs the server.",
      store: "The server’s disk does not answer. Try again in a moment.",
      ending: "The server is being restarted.",
    })[code] ?? `It was not done. ${detail}`,
};

/**
 * @typedef {{ [K in keyof typeof deskEn]: (typeof deskEn)[K] extends string ? string : (typeof deskEn)[K] }} DeskWords
 */
