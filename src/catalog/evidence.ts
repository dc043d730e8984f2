/** What a tool does, by the worst that a call can do. */
export type ToolClass = 'Read' | 'Write' | 'Execute' | 'Destructive' | 'Financial' | 'Other';

/** From harmless to worst: where two kinds of evidence speak for different classes, the later one here holds. */
export const SEVERITY: readonly ToolClass[] = [
  'Other',
  'Read',
  'Write',
  'Execute',
  'Destructive',
  'Financial',
];

/** With a verb that commits, money moves. */
export const MONEY =
  'payment pay payout refund charge invoice transfer transaction order trade swap withdrawal deposit loan checkout purchase ' +
  'subscription creditnote debitnote escrow bid donation payroll settlement remittance stake fund money cash sale ' +
  'pix boleto devolucao cobranca nfe nfse nfce cte notafiscal fatura factura pago pagamento cobro transferencia ' +
  'reembolso estorno saque retiro deposito pedido orden ordem compra venta venda prestamo emprestimo suscripcion ' +
  'assinatura devolucion giro remesa gasto notacredito notadebito notadecredito notadedebito comprobante dinero dinheiro ' +
  'dispute claim reimbursement spending allowance crypto sol eth btc usdc usdt erc20 bitcoin ether stablecoin';

/** After a word of money these make it a thing about money: a `payment_link` is not a payment. */
export const ABOUT_MONEY =
  'link url page method type term reminder template status event webhook notification setting config preference ' +
  'category label tag profile comment note history detail detalle report pdf preview key field status analysis tracking ' +
  'link enlace plantilla modelo estado lembrete chave';

/** Before `subscription` and the like these say that it is not paid for. */
export const NOT_MONEY =
  'notification webhook topic event email push change feed newsletter sort display column by git';

/** Without any verb, these say that something is looked at. */
export const READ_NOUNS =
  'status info information detail stats statistics metric log history insight table data summary weather health version ' +
  'schema doc documentation docs capability balance price rate quote spec diff tree overview result content ' +
  'reference metadata usage suggestion recommendation example categories holiday forecast profile progress ' +
  'estado saldo historial cotizacion precio historico cotacao preco detalle detalhe resumen resumo';

/** After a verb that is also a noun these make it the noun: `deploy_status`, `swap_quote`. */
export const STATES =
  'status info history log detail metric stat quote preview estimate balance progress result count summary ' +
  'estado historial';

/** At the end of a name these are things, not verbs: `git_log`, `complexity_report`. */
export const RECORDS = 'log report record';

/** Two words that mean one thing, which neither of them says. */
export const COMPOUNDS =
  'go back|go forward|log in|log out|sign in|sign out|credit note|debit note|nota credito|nota debito|nota fiscal|force push|look up|roll back|' +
  'pay out|top up|shut down|set up|clean up|tear down|pull request|merge request|double click|right click|go to|drag and drop|' +
  'close position|open position|dar de baja|nota de credito|nota de debito';

/** After what a verb is done to: `create_pipeline_for_branch`. */
export const PREPOSITIONS = 'for in on of from with by to at via into per and or as using';

/** Names of arguments that are run. */
export const CODE_ARGUMENTS =
  'command cmd code script shell javascript python sql bytecode program expression';

/** Among those, the ones that mean nothing else: `code` may be a country's. */
export const SURE_CODE_ARGUMENTS = 'command cmd shell javascript sql bytecode script cypher';

/** Programs that run what their arguments say: a tool that hands on a list of them is a shell. */
export const PROGRAMS =
  'docker podman kubectl helm terraform ansible aws gcloud npx npm pnpm yarn pip uvx make ffmpeg git gh ssh curl wget';

/** Languages in which a text can change what it is run on; a `query` in one of them is code. */
export const QUERY_LANGUAGES = 'sql cypher gremlin cql hql plsql tsql aql surrealql graphql';

/** Names of arguments that hold such a text. */
export const QUERY_ARGUMENTS = 'query queries statement statements sql cypher graphql';

/** Last words in the names of arguments that hold an address. */
export const ADDRESS_ARGUMENTS = 'url uri endpoint webhook';

/** Names of arguments that say what is done, when their values are listed. */
export const ACTION_ARGUMENTS = 'action operation op method mode command verb accion acao operacion operacao';

/** Words in the names of arguments whose numbers are money: what limits, budgets and typed approvals go by. */
export const AMOUNT_ARGUMENTS =
  'amount amt total subtotal sum price cost fee value ' +
  'monto importe total suma precio costo valor quantia soma preco custo';

/** Words among those by which a tool that commits to something pays: `create_product` has a price and pays none. */
export const PAID_ARGUMENTS = 'amount monto importe valor quantia';

/** What a description says outright, wherever in it. */
export const PHRASES: readonly { readonly class: ToolClass; readonly pattern: RegExp }[] = [
  {
    class: 'Destructive',
    pattern:
      /\b(?:permanently (?:delete|remove|erase)\w*|irreversibl[ey]|cannot be undone|can't be undone|no se puede deshacer|nao pode ser desfeit[ao]|de forma permanente)\b/,
  },
  {
    class: 'Financial',
    pattern:
      /\b(?:move|send|spend|transfer|swap|bridge|withdraw|stake)s?\b[^.]{0,30}\b(?:money|funds|tokens?|sol|eth|btc|usdc|crypto)\b|\b(?:trading|market|limit|buy|sell|purchase) orders?\b|\bcross-chain\b/,
  },
];

/** Between two verbs: the tool does both. */
export const JOINERS = 'and or then y e o ou , / &';

/** Words before the verb that a description begins with. */
export const FILLERS =
  'this the a an tool tools function to use used allows allow lets let you your it its that which will can helps help ' +
  'enables enable permite permitir permanently safely securely quickly automatically immediately directly please ' +
  'una un uma um el la o herramienta ferramenta que esta este endpoint api mcp simply for of para de by';
