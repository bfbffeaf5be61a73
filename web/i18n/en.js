// @ts-check
/** The page in English. Every other language has the same keys. */

const number = new Intl.NumberFormat("en");
const list = new Intl.ListFormat("en");

export const en = {
  skip: "Skip to the content",
  pageLanguage: "Language of this page",

  doorTitle: "Face to face with someone you have never met",
  doorLead:
    "visavis pairs you at random with one other person, by video or by text. No account, no name. When you have talked enough, press Next.",
  honestTitle: "What you should know",
  honestRelay:
    "Picture, sound and text pass through this server, never straight from you to them: strangers do not learn your network address.",
  honestLooked:
    "A program may look at pictures before and while a stranger sees them. What breaks the rules is stopped; what is unclear may be seen by a moderator.",
  honestRecord:
    "The person you meet can still record their screen. Show and say nothing you would not want kept.",
  honestReport:
    "You can leave any conversation at any moment. Whoever you report, you will not meet again.",
  rulesTitle: "The rules",
  ruleAdult: "Adults only, on both sides.",
  ruleClothes: "Keep your clothes on.",
  ruleKind: "No threats, no hatred, no pressure.",
  ruleRecord: "Do not record or photograph others.",
  ruleSell: "Nothing to sell, no links to push.",

  previewTitle: "Camera and microphone",
  previewOpen: "Try your camera",
  previewWhy: "Nobody sees you before you press Start.",
  levelLabel: "How loud your microphone hears you",
  camera: "Camera",
  microphone: "Microphone",
  defaultDevice: "Default",
  numbered: (/** @type {string} */ kind, /** @type {number} */ n) => `${kind} ${n}`,
  textOnly: "Text only: no camera, no microphone",
  interests: "Interests",
  interestsExample: "chess, cooking, old films",
  interestsHint: "Both are wishes: after a while we look for anybody.",
  spoken: "I speak",
  anyLanguage: "any language",
  agree: "I am 18 or older, and I will keep the rules.",
  start: "Start",
  starting: "One moment…",

  talkTitle: "Conversation",
  /** @type {(n: number) => string} */
  online: (n) => (n === 1 ? "person online" : "people online"),
  stranger: "Stranger",
  you: "You",
  remoteLabel: "The stranger’s picture",
  localLabel: "Your own picture",
  cameraOff: "Your camera is off",
  controls: "This conversation",
  next: "Next",
  look: "Look for someone",
  tryAgain: "Try again",
  stop: "Stop",
  muteAudio: "Mute the microphone",
  muteVideo: "Turn the camera off",
  devices: "Choose camera and microphone",
  save: "Save the chat on this device",
  report: "Report",
  leave: "Leave",
  done: "Done",
  cancel: "Cancel",

  connecting: "Connecting…",
  ageCheck: "Your age first.",
  ageCheckDetail: "It is checked on a page of its own. Once that is done it goes on here by itself.",
  ageCheckOpen: "Check my age",
  connectingDetail: "This happens once; after it, Next is quick.",
  looking: "Looking for someone…",
  usualWait: (/** @type {number} */ seconds) =>
    seconds <= 1 ? "Usually about a second." : `Usually about ${number.format(seconds)} seconds.`,
  lookingByInterests: "First among those who share your interests.",
  lookingAnybody: "Anybody may come.",
  anybody: "Look for anybody",
  matched: "You are face to face with a stranger.",
  matchedText: "You are talking with a stranger.",
  common: (/** @type {string[]} */ words) => `You both like ${list.format(words)}.`,
  left: "They left.",
  leftLost: "Their connection was lost.",
  leftEnded: "This conversation was ended.",
  leftDetail: "Looking again in a moment…",
  idle: "Stopped.",
  idleDetail: "Nobody sees you now.",
  lost: "Connection lost.",
  lostDetail: "Trying to come back…",
  lostForGood: "The server cannot be reached.",
  shutdown: "The server is being restarted.",
  ended: "The server ended your stay.",
  replaced: "Your stay goes on in another window.",
  full: "Every place is taken.",
  fullDetail: (/** @type {number} */ seconds) =>
    seconds <= 1 ? "Trying again in a second." : `Trying again in ${number.format(seconds)} seconds.`,
  goingAway: "The server is about to restart. This conversation may go on for a short while.",

  screening: "First your picture is looked at; nobody sees it before.",
  screeningOverdue: "Your picture cannot be looked at just now, and nobody is shown unseen. It goes on by itself.",
  /** What was seen, by its label. @type {(label: string) => string} */
  seen: (label) =>
    ({
      porn: "Your picture seems to show nudity.",
      hentai: "Your picture seems to show nudity.",
      sexy: "Your picture seems to show more than the rules allow.",
      no_face: "Nobody is to be seen in your picture.",
      unusable: "Your picture is black or empty.",
      frozen: "Your picture does not move.",
      known_picture: "Your picture is one that is not allowed here.",
      undecodable: "Your picture cannot be looked at.",
      no_verdict: "Your picture cannot be looked at.",
      reported: "Others have reported you.",
      text_profane: "Mind what you write.",
      text_offensive: "What you write insults people.",
      text_sexual: "What you write is sexual.",
      text_mean: "What you write is unkind.",
      text_spam: "You write the same again and again.",
    })[label] ?? "Your picture seems to be against the rules.",
  warned: "If it stays so, others will no longer see you.",
  ownBlocked: "Others do not see you now.",
  ownBlockedDetail: "It ends by itself when all is well again.",
  partnerBlocked: "Their picture is stopped for now.",
  /** @type {(minutes: number) => string} */
  comeBack: (minutes) =>
    minutes <= 1 ? "You may come back in a minute." : `You may come back in ${number.format(minutes)} minutes.`,
  /** @type {(code: string) => string} */
  caseCode: (code) => `If this was wrong, ask for another look at /appeal with the code ${code}.`,

  chatTitle: "Chat",
  chatLabel: "Message to the stranger",
  chatPlaceholder: "Say hello",
  chatSend: "Send",
  typing: "The stranger is typing…",
  notSent: "Not sent: nobody is there.",
  reported: "Thank you. You will not meet them again.",
  notReported: "The report could not be sent. Try again in a moment.",

  reportTitle: "What happened?",
  reportNudity: "Nudity or sexual behaviour",
  reportMinor: "Somebody who looks under 18",
  reportViolence: "Violence or threats",
  reportHate: "Hatred or insults",
  reportSpam: "Advertising, a recording, a robot",
  reportOther: "Something else",
  reportNote: "A word about it, if you like",
  reportHint: "The two of you will not meet again. They are not told who reported them.",
  reportSend: "Report and look for another",

  mediaDenied:
    "The browser did not give the camera. Allow it beside the address, or choose text only.",
  mediaMissing: "No camera was found. Connect one, or choose text only.",
  mediaBusy: "The camera is in use by another program. Close that, or choose text only.",
  mediaInsecure: "Browsers give the camera only to secure pages (https). Text only works here.",
  refusedInterests: "The server did not take these interests: fewer or shorter ones, please.",
  keptBack: "Not sent: the rules of this place do not allow these words.",
  refusedText: "Too long: not sent.",
  refusedDraining: "The server is being restarted. Try again in a minute.",
  refusedCodec: "This browser and the server have no video format in common. Text only works.",
  refusedToken: "This link is used up or too old. Go back to where you came from for another.",
  refusedChallenge: "The server wants to know that you are no robot, and this page cannot show it.",
  refusedAge: "Your age is not one that is let in here, or must be better proven.",
  refused: "The server did not agree. Try again in a moment.",
};

/**
 * @typedef {{ [K in keyof typeof en]: (typeof en)[K] extends string ? string : (typeof en)[K] }} Words
 */
