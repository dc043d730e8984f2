/** One finding, for programs that show findings beside the lines that they are about. */
export interface SarifResult {
  readonly rule: string;
  readonly level: 'error' | 'warning' | 'note';
  readonly message: string;
  /** The file that it is about. */
  readonly file: string;
  readonly line?: number;
}

export interface SarifRule {
  readonly id: string;
  readonly title: string;
  readonly text: string;
}

/**
 * Findings as SARIF 2.1.0, which code hosts read.
 *
 * @param version of policy-wrap
 * @see https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
 */
export function sarif(version: string, rules: readonly SarifRule[], results: readonly SarifResult[]): object {
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'policy-wrap',
            semanticVersion: version,
            rules: rules.map(({ id, title, text }) => ({
              id,
              name: id,
              shortDescription: { text: title },
              fullDescription: { text },
            })),
          },
        },
        results: results.map(({ rule, level, message, file, line }) => ({
          ruleId: rule,
          ruleIndex: rules.findIndex(({ id }) => id === rule),
          level,
          message: { text: message },
          locations: [
            {
              physicalLocation: {
                artifactLocation: { uri: file },
                region: { startLine: line ?? 1 },
              },
            },
          ],
        })),
      },
    ],
  };
}
