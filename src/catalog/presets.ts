import { AFIP, AFIP_MONOTRIBUTO, AFIP_RESPONSABLE_INSCRIPTO } from './servers/afip/preset.js';
import { LEGITI } from './servers/legiti/preset.js';

/** A policy that ships with policy-wrap. */
export interface Preset {
  readonly name: string;
  /** One line for the list of presets. */
  readonly title: string;
  /** The policy: JSON with comments, as it would stand in a file. */
  readonly text: string;
}

export const PRESETS: readonly Preset[] = [
  { name: 'afip', title: 'mcp-afip in homologation: reads, and invoices that a person approves', text: AFIP },
  {
    name: 'afip-monotributo',
    title: 'mcp-afip for a monotributista: kind C, within the cap of the category',
    text: AFIP_MONOTRIBUTO,
  },
  {
    name: 'afip-responsable-inscripto',
    title: 'mcp-afip for a responsable inscripto: kinds A and B',
    text: AFIP_RESPONSABLE_INSCRIPTO,
  },
  {
    name: 'legiti',
    title: 'mcp-legiti: reading and scoring, overrides that a person approves',
    text: LEGITI,
  },
];

/** @returns the preset of exactly that name */
export function preset(name: string): Preset | undefined {
  return PRESETS.find((each) => each.name === name);
}
