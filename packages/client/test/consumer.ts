/** Somebody else's frontend: uses all that the package exports, and is checked against the packed declarations. */

import {
  Face,
  Visavis,
  VisavisError,
  listDevices,
  openMedia,
  type ByeReason,
  type Category,
  type Choice,
  type DeviceList,
  type Events,
  type Judgement,
  type Kind,
  type LeftReason,
  type Limits,
  type Mode,
  type Screening,
  type State,
  type Whose,
  type Wish,
} from "@visavis/client";

const visavis: Visavis = new Visavis({ url: "wss://chat.example.org/v1/signal" });
new Visavis();

// The picture.
const face = new Face(document.createElement("video"), document.createElement("audio"), document.body);
face.follow(visavis);
face.watch(visavis.remote);
face.expect(() => console.log("shown"));
face.recognise(4_294_967_295);
face.hide();


// Camera and microphone.
const choice: Choice = { camera: "front" };
const stream: MediaStream = await openMedia(choice);
const devices: DeviceList = await listDevices();
const names: string[] = [...devices.cameras, ...devices.microphones].map(({ label }) => label);

// The door.
const mode: Mode = "video";
const wish: Wish = { adult: true, mode, interests: ["chess"], languages: ["en"], stream };
const tokens: Wish["token"][] = ["eyJ", () => "eyJ", async () => "eyJ", undefined];
const captcha: NonNullable<Wish["captcha"]> = async (siteKey) => siteKey.toUpperCase();
try {
  for (const token of tokens) await visavis.connect({ ...wish, token, captcha });
} catch (cause) {
  if (cause instanceof VisavisError) console.log(cause.code.toUpperCase(), cause.message, cause.name);
}
console.log(new VisavisError("lost", "the server cannot be reached"));

// The stay.
const category: Category = "spam";
const kinds: Kind[] = ["audio", "video"];
visavis.next();
visavis.stop();
visavis.typing();
const answers: boolean[] = [
  visavis.say("hello"),
  visavis.report(category),
  visavis.report("other", "a note"),
  visavis.lookFor([]),
];
for (const kind of kinds) {
  visavis.mute(kind);
  if (visavis.isMuted(kind)) visavis.unmute(kind);
}
await visavis.useCamera(devices.cameras[0]?.deviceId);
await visavis.useMicrophone();
const state: State = visavis.state;
const limits: Limits | null = visavis.limits;
const characters: number | undefined = limits?.chat_chars;
const own: MediaStream | null = visavis.local;
const connection: RTCPeerConnection | null = visavis.connection;
visavis.leave();

// Each event, by name, with what it holds.
const heard: { [Name in keyof Events]: (detail: Events[Name]["detail"]) => unknown } = {
  state: ({ state, previous }): State[] => [state, previous],
  challenge: ({ kind }): "work" | "captcha" => kind,
  agecheck: ({ url, waitMs }): [string, number] => [url, waitMs],
  online: ({ online }): number => online,
  waiting: ({ usualWaitMs, byInterests }): [number | null, boolean] => [usualWaitMs, byInterests],
  matched: ({ match, interests, languages }): string[] => [match, ...interests, ...languages],
  picture: ({ timestamp }): number => timestamp,
  left: ({ reason, requeueMs }): [LeftReason, number] => [reason, requeueMs],
  chat: ({ text }): string => text,
  typing: ({ active }): boolean => active,
  reported: (detail): null => detail,
  screening: ({ state }): Screening => state,
  warned: ({ label }): string => label,
  blocked: ({ whose, blocked, label, caseCode }): [Whose, boolean, (string | null)[]] => [whose, blocked, [label, caseCode]],
  full: ({ retryAfterMs }): number => retryAfterMs,
  goingaway: ({ drainMs }): number => drainMs,
  refused: ({ code, message }): string => code + message,
  ended: ({ reason, judgement }): [ByeReason | "lost" | "refused", Judgement | null] => [reason, judgement],
};
const caseCode = (judgement: Judgement): string | null => (judgement.retryAfterMs > 0 ? judgement.caseCode : judgement.label);
const listen = ({ detail }: Events["chat"]): void => console.log(detail.text);
visavis.addEventListener("chat", listen, { once: true });
visavis.removeEventListener("chat", listen);
visavis.addEventListener("matched", ({ detail }) => detail.interests.map((word) => word.trim()));

// What the declarations refuse: each line would fail if it were allowed.
// @ts-expect-error: a visitor says whether they are of age
void visavis.connect({});
// @ts-expect-error: no such category
visavis.report("boring");
// @ts-expect-error: no such kind
visavis.mute("smell");
// @ts-expect-error: one stream for the whole stay
visavis.remote = stream;
// @ts-expect-error: only the stay moves its state
visavis.state = "matched";
// @ts-expect-error: the detail of this event has no such field
visavis.addEventListener("chat", ({ detail }) => detail.sender);

export { answers, caseCode, characters, connection, heard, names, own, state };
