/** What a definition may say that an honest one hardly does. */
export type FindingKind = 'hidden' | 'bidi' | 'instruction' | 'other_tool' | 'secret' | 'encoded' | 'length';

/** How people are told of each kind. */
export const FINDING_WORDS: Readonly<Record<FindingKind, string>> = {
  hidden: 'has characters that nobody sees',
  bidi: 'turns the direction of its text around',
  instruction: 'tells the model what to do',
  other_tool: "speaks of other servers' tools",
  secret: 'names credentials or where they lie',
  encoded: 'has text that only a program reads',
  length: 'is unusually long, or has text far out of sight',
};

export interface FindingPattern {
  readonly kind: FindingKind;
  /** Every repetition is bounded, so that the time is linear in the text. */
  readonly pattern: RegExp;
}

/** Looked for in the text as it is. */
export const AS_WRITTEN: readonly FindingPattern[] = [
  {
    kind: 'hidden',
    pattern: new RegExp(
      [
        String.raw`[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u2060-\u2065\u206a-\u206f\u2800\u3164]`,
        String.raw`[\ufe00-\ufe0e\ufeff\uffa0\u{e0000}-\u{e0fff}]`,
        // Joiners but between emoji, and letters of scripts that need them.
        String.raw`(?<![\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f\p{M}\p{Script=Arabic}\p{Script=Devanagari}])[\u200c\u200d]`,
        String.raw`(?![\t\n\r])\p{Cc}`,
      ].join('|'),
      'u',
    ),
  },
  { kind: 'bidi', pattern: /[\u202a-\u202e\u2066-\u2069]/u },
  { kind: 'bidi', pattern: /^[^\p{Script=Hebrew}\p{Script=Arabic}]*[\u200e\u200f\u061c]/u },
  {
    kind: 'encoded',
    pattern:
      /data:[\w/+.-]{1,40};base64,|(?:%[\da-f]{2}){10}|(?:\\u[\da-f]{4}){8}|(?:\\x[\da-f]{2}){8}|(?:&#x?[\da-f]{2,6};){8}/iu,
  },
  { kind: 'length', pattern: /[ \t\u00a0]{80}|(?:\r?\n[ \t]{0,8}){12}/u },
];

const TOOLS =
  '(?:(?:other|any|all|every|each)(?: (?:other|available|mcp))? (?:tools?|functions?)|(?:any|every) (?:other )?(?:task|action|step|response|answer|reply))';
const TELL = '(?:tell|inform|notify|alert|mention|reveal|disclose|show|say|explain|report|let)';
const USER = '(?:the |your )?(?:users?|humans?|persons?|people|anyone|anybody|operator|owner|customer)';

/** Looked for in the text without case, width and invisible characters, its blanks made one. */
export const AS_READ: readonly FindingPattern[] = [
  {
    kind: 'instruction',
    pattern:
      /\b(?:ignore|disregard|forget|override|bypass)\b.{0,30}\b(?:previous|prior|above|earlier|preceding|all|any|other|system|safety|security)\b.{0,30}\b(?:instructions?|rules?|prompts?|guidelines?|polic(?:y|ies)|directions?|messages?|restrictions?|guardrails?|(?:were|was|been) told)\b/u,
  },
  {
    kind: 'instruction',
    pattern: new RegExp(
      `\\b(?:before|prior to|after|whenever|when)\\b.{0,20}\\b(?:us(?:e|ing)|call(?:ing)?|invok(?:e|ing)|runn?(?:ing)?|execut(?:e|ing)|answer(?:ing)?|respond(?:ing)?|do(?:ing)?)\\b.{0,15}\\b${TOOLS}\\b`,
      'u',
    ),
  },
  {
    kind: 'instruction',
    pattern: new RegExp(
      `\\b(?:do not|don't|don’t|never|must not|should not|no need to|avoid)\\b.{0,20}\\b${TELL}(?:ing|ioning|ealing|ifying)?\\b.{0,40}\\b(?:${USER}|this (?:step|instruction|file|action|note))\\b`,
      'u',
    ),
  },
  {
    kind: 'instruction',
    pattern: new RegExp(
      `\\bwithout\\b.{0,15}\\b(?:telling|informing|notifying|alerting|mentioning|asking|showing|consulting|the knowledge)\\b.{0,25}\\b${USER}\\b`,
      'u',
    ),
  },
  {
    kind: 'instruction',
    pattern: new RegExp(
      `\\b(?:hide|conceal|keep)\\b.{0,40}\\b(?:from|secret|hidden)\\b.{0,15}\\b${USER}\\b`,
      'u',
    ),
  },
  {
    kind: 'instruction',
    pattern:
      /<\/?(?:important|system|secret|hidden|instructions?|critical|admin|sys|assistant)(?:\s[^>]{0,40})?>|<\|(?:im_start|im_end|system|endoftext)\|>|\[\/?(?:inst|system)\]|(?:^|[.!\n] ?)(?:system|assistant)(?: (?:prompt|message|note|override))?:/u,
  },
  {
    kind: 'instruction',
    pattern:
      /\b(?:send|pass|include|put|append|attach|forward|copy|provide|give|write|upload|leak|insert)\b.{0,40}\b(?:conversation|chat (?:history|log)|system prompt|message history|previous messages|prior messages|your (?:instructions|context|memory|reasoning)|environment variables|all (?:the )?(?:emails|files|secrets))\b/u,
  },
  {
    kind: 'instruction',
    pattern:
      /\b(?:bcc|cc|forward|redirect|also send|send a copy|mail)\b.{0,60}[\w.+-]{1,40}@(?!example\.)[\w-]{1,40}\.\w{2,10}/u,
  },
  {
    kind: 'instruction',
    pattern:
      /\b(?:you are now|from now on|act as|pretend (?:to be|that)|your (?:new|real|true) (?:task|goal|instructions?|purpose))\b/u,
  },
  {
    kind: 'instruction',
    pattern:
      /\b(?:always|must|first)\b.{0,20}\b(?:call|use|run|invoke|execute)\b.{0,20}\bthis (?:tool|function)\b.{0,25}\b(?:first|before (?:any|all|every|other)|instead of|in preference to|over (?:any|all|other))\b/u,
  },
  {
    kind: 'instruction',
    pattern:
      /\b(?:ignora|olvida|descarta|ignore|esqueca|esqueça|oublie[zr]?|ignoriere|vergiss)\b.{0,30}\b(?:instrucciones|instrucoes|instruções|indicaciones|reglas|consignes|instructions|anweisungen|regeln)\b/u,
  },
  {
    kind: 'instruction',
    pattern:
      /\b(?:no|nunca|não|nao|ne|nicht|niemals)\b.{0,25}\b(?:digas|informes|menciones|reveles|avises|diga|informe|mencione|dis|dites|mentionne[rz]?|sage|erwahne|erwähne)\b.{0,30}\b(?:usuario|usuário|utilisateur|benutzer|nutzer)\b|\b(?:benutzer|nutzer)\b.{0,20}\bnichts?\b/u,
  },
  {
    kind: 'instruction',
    pattern:
      /\b(?:antes de|avant d|bevor du|vor)\b.{0,25}\b(?:cualquier|qualquer|otra|outra|autre|tout|jede[snmr]?|andere[snmr]?|irgendein)\b.{0,15}\b(?:herramienta|ferramenta|outil|werkzeug|tool)/u,
  },
  {
    kind: 'other_tool',
    pattern:
      /\bmcp__\w{1,60}|\bother (?:mcp )?servers?['’]?s?\b.{0,20}\btools?\b|\btools? (?:of|from|on|in) (?:other|another|any other) (?:mcp )?servers?\b|\bwhen(?:ever)? (?:the )?["'`]?\w{1,40}["'`]? (?:tool|function) is (?:called|used|invoked|available|present)\b|\b(?:instead of|rather than|in place of) (?:the )?["'`]?\w{1,40}[_-]\w{1,40}["'`]? (?:tool|function)\b/u,
  },
  {
    kind: 'secret',
    pattern:
      /(?:~|\$home|%userprofile%|\/home\/\w{1,30}|\/users\/\w{1,30}|\/root)[\\/]\.(?:ssh|aws|gnupg|kube|docker|config|cursor|claude|codex|gemini|netrc|npmrc|pypirc|git-credentials|bash_history|zsh_history)|\bid_(?:rsa|ed25519|ecdsa)\b|\/etc\/(?:passwd|shadow|sudoers)|\.aws[\\/]credentials|\bauthorized_keys\b|\b(?:claude_desktop_config|mcp)\.json\b|\bwallet\.dat\b|\b\.netrc\b|\b(?:seed|recovery|mnemonic) phrase\b|\b169\.254\.169\.254\b|\b(?:login|system) keychain\b/u,
  },
  {
    kind: 'secret',
    pattern:
      /\b(?:read|open|cat|load|fetch|find|collect|extract|print|dump|get|contents? of|look (?:up|in|for)|search for|steal)\b.{0,40}(?:(?:^|[\s"'`(/\\])\.env\b|\b(?:credentials?|passwords?|api[ _-]?keys?|private keys?|access tokens?|session tokens?|ssh keys?|secrets?)\b.{0,15}\b(?:file|from|in|on|stored|and (?:pass|send|include|put|append))\b)/u,
  },
  {
    kind: 'other_tool',
    pattern:
      /https?:\/\/(?:\d{1,3}\.){3}\d{1,3}\b(?<!127\.0\.0\.1)|\b(?:webhook\.site|requestbin|ngrok\.(?:io|app)|ngrok-free\.app|pipedream\.net|burpcollaborator|oast\.(?:fun|pro|site|me)|interact\.sh|pastebin\.com)\b/u,
  },
];
