import type { Shell } from './shell.js';

/**
 * The line comes as base64 and the answer goes as JSON in ASCII: Windows PowerShell loses quotes and empty words on their
 * way to a program, and reads what comes back in the code page of its window.
 */
export const POWERSHELL: Shell = {
  script: `# Completion of policy-wrap for PowerShell: policy-wrap completions powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName 'policy-wrap' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @($commandAst.CommandElements | Select-Object -Skip 1 |
        Where-Object { $_.Extent.EndOffset -lt $cursorPosition } |
        ForEach-Object {
            if ($_ -is [System.Management.Automation.Language.StringConstantExpressionAst]) { $_.Value }
            else { $_.Extent.Text }
        })
    $words += "$wordToComplete"
    $json = ConvertTo-Json -Compress -InputObject $words
    $typed = [Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($json))
    $answer = (& policy-wrap __complete powershell $typed 2>$null) -join ''
    if (-not $answer) { return }
    foreach ($one in @(($answer | ConvertFrom-Json).candidates)) {
        if ($one) {
            [System.Management.Automation.CompletionResult]::new($one.inserted, $one.text, 'ParameterValue', $one.about)
        }
    }
}
`,
  read: ([typed = '']) => ({
    words: wordsIn(typed),
    answer(completion) {
      const current = (wordsIn(typed).at(-1) ?? '').replace(/^['"]/, '');
      const candidates =
        completion.kind === 'words'
          ? completion.candidates
              .filter(({ text }) => text.toLowerCase().startsWith(current.toLowerCase()))
              .map(({ text, about }) => ({ inserted: inserted(text), text, about: about || text }))
          : [];
      const json = JSON.stringify({ kind: completion.kind, candidates });
      return `${json.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`;
    },
  }),
};

function wordsIn(typed: string): string[] {
  const words: unknown = JSON.parse(Buffer.from(typed, 'base64').toString('utf8'));
  return Array.isArray(words) ? words.map(String) : [];
}

/** PowerShell takes typographic quotes for quotes too: all of them end a text, and stand for themselves when doubled. */
function inserted(text: string): string {
  return /^[\w./:\\=+-]+$/.test(text) ? text : `'${text.replace(/['\u2018-\u201b]/g, '$&$&')}'`;
}
