// What the desk's API answers about cases, as docs/console.md has it.

export type CaseClass = "conduct" | "child_safety";
export type CaseStatus = "open" | "second_opinion" | "escalated" | "appealed" | "closed";
export type Ruling = "dismiss" | "warn" | "blur" | "unblur" | "end" | "cooldown" | "ban";

export interface Lease {
  by: string;
  until_ms: number;
}

export interface CaseRow {
  id: string;
  class: CaseClass;
  label: string;
  severity: number;
  origin: "report" | "machine" | "appeal";
  status: CaseStatus;
  opened_ms: number;
  age_ms: number;
  lease: Lease | null;
  reports: number;
  pictures: number;
}

export type Scores = Record<string, number>;

export interface Evidence {
  n: number;
  whose: "about" | "reporter";
  taken_ms: number;
  scores: Scores;
  codec: string;
}

export interface Decision {
  by: string;
  role: string;
  action: Ruling;
  reason: string;
  note: string;
  at_ms: number;
}

export interface Case extends CaseRow {
  code: string;
  sessions: string[];
  machine_action: string | null;
  policy_version: string;
  scores: Scores;
  evidence: Evidence[];
  decisions: Decision[];
  device_history: { id: string; label: string; action: string; opened_ms: number }[];
  appeal: { text: string; at_ms: number } | null;
  legal_hold: boolean;
  expires_ms: number;
}
