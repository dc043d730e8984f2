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

/**
 * The table that tools are classified by. Words are lower case, without accents, in English, Spanish and Portuguese;
 * a description's `deletes` and `deleting` are found under `delete`. To teach the classifier a word, put it in a row.
 */
export interface VerbRow {
  readonly class: ToolClass;
  readonly words: string;
  /** Counts wherever in a name it stands: `get_and_delete`, `run_delete_job`. */
  readonly sure?: true;
  /** Also a noun: `get_refund`, `transfer_list` and `deploy_status` do none of these. */
  readonly noun?: true;
  /** Says little: what the description or the arguments say comes before it. */
  readonly vague?: true;
  /** With something of money it moves money: `create` + `payment`. */
  readonly commits?: true;
  /** Tells somebody of something: its arguments name what happened, not what is done. */
  readonly reports?: true;
  /** What it is done to that makes it harmless, a Write where `instead` says nothing: `transfer_ownership`. */
  readonly unless?: string;
  readonly instead?: ToolClass;
}

export const VERBS: readonly VerbRow[] = [
  // Takes away what may not come back.
  {
    class: 'Destructive',
    sure: true,
    words:
      'delete destroy erase wipe purge truncate uninstall obliterate expunge shred nuke unlink rmdir rm del ' +
      'deprovision decommission teardown forcepush ' +
      'eliminar elimina borrar borra suprimir excluir exclui apagar apaga deletar',
  },
  {
    class: 'Destructive',
    words:
      'remove drop cancel revoke void annul terminate kill prune evict discard trash rescind unregister ' +
      'cleanup overwrite unset forget deactivate ban kick detach disassociate dissociate expire ' +
      'deletion removal cancellation ' +
      'quitar quita anular anula cancelar cancela revocar revoca vaciar vacia destruir destruye dardebaja ' +
      'remover revogar esvaziar descartar destroi inutilizar encerrar',
  },
  {
    class: 'Destructive',
    words: 'clear reset flush empty format clean limpiar limpia limpar limpa resetear restablecer redefinir',
    unless: 'text code source output number date file password filter filters',
  },

  // Moves money, or binds to pay.
  {
    class: 'Financial',
    words:
      'pay repay reimburse remit disburse buy sell purchase withdraw unstake borrow lend donate liquidate payout ' +
      'pagar paga cobrar cobra reembolsar comprar compra vender vende depositar retirar facturar transferir transfiere ' +
      'transfere reembolsa estornar estorna faturar sacar devolver closeposition openposition',
  },
  {
    class: 'Financial',
    noun: true,
    words:
      'refund charge deposit stake trade swap bridge redeem mint burn topup invoice bill tip wire payroll ' +
      'hedge rebalance checkout bet wager claim',
    unless:
      'git branch commit ref file face layer slide tab window library network vlan instance component task issue ' +
      'ticket job lock',
  },
  {
    class: 'Financial',
    noun: true,
    words: 'transfer',
    unless:
      'ownership owner issue repo repository file files call chat conversation ticket domain project task data ' +
      'workspace zone',
  },

  // Runs something whose effect is not in the name.
  {
    class: 'Execute',
    commits: true,
    words:
      'execute exec executes invoke perform initiate trigger ejecutar ejecuta executar executa realizar realiza ' +
      'efetuar disparar dispara lanzar lanza acionar rodar correr invocar iniciar inicia',
  },
  {
    class: 'Execute',
    noun: true,
    commits: true,
    words: 'run launch deploy dispatch build release',
  },
  {
    class: 'Execute',
    words:
      'eval evaluate spawn restart reboot redeploy rollback rerun rollout reload resume pause stop start shutdown ' +
      'poweroff compile simulate retry replay boot wake suspend halt hibernate failover promote merge rebase ' +
      'recreate drain benchmark train ' +
      'reiniciar reinicia detener detiene parar desplegar desliga ligar implantar pausar compilar suspender evaluar ' +
      'avaliar',
  },
  {
    class: 'Execute',
    noun: true,
    words: 'scale apply call test script shell bash powershell terminal command cmd repl ssh sudo undo',
    unless: 'label labels texture style theme tag filter material color',
  },
  {
    class: 'Execute',
    words:
      'click doubleclick rightclick press tap swipe hover drag draganddrop navigate goto scroll type fill keypress wait sleep ' +
      'play skip turn clicar navegar esperar',
  },

  // Makes or changes something that can be changed back.
  {
    class: 'Write',
    commits: true,
    words:
      'create make issue send place submit confirm approve accept authorize authorise schedule request post emit ' +
      'sign broadcast generate settle finalize complete add register new ' +
      'crear crea emitir emite enviar envia generar genera hacer registrar registra solicitar solicita confirmar ' +
      'confirma autorizar autoriza aprobar aprueba agregar agrega anadir anade ' +
      'criar cria gerar gera fazer aprovar aprova adicionar adiciona incluir cadastrar cadastra lancar',
  },
  {
    class: 'Write',
    words:
      'update edit set put write save insert upsert modify change patch append prepend rename move copy clone fork ' +
      'duplicate upload import attach assign unassign reply publish unpublish share unshare invite subscribe ' +
      'unsubscribe follow unfollow like unlike mark unmark close reopen reject decline restore undelete enable disable ' +
      'activate lock unlock configure init initialize initialise setup install upgrade connect disconnect join leave ' +
      'grant book reserve compose push pull sync synchronize replace store remember notify forward transition ' +
      'toggle increment decrement draw paint customize align group ungroup react rate vote mutate transform rewrite ' +
      'refactor fix migrate archive unarchive mute unmute block unblock snooze reorder sort resize switch star unstar ' +
      'dismiss respond expand enqueue mount unmount rotate ' +
      'provision associate bind populate seed ingest reindex embed learn enroll ship fulfill fulfil ' +
      'adjust allocate escalate acknowledge silence define declare ' +
      'actualizar actualiza modificar modifica editar edita guardar guarda cambiar cambia mover copiar duplicar subir ' +
      'cargar importar publicar publica compartir asignar asigna rechazar archivar restaurar activar desactivar ' +
      'renombrar marcar responder programar agendar reservar configurar sincronizar ' +
      'atualizar atualiza alterar altera salvar salva escrever inserir insere renomear compartilhar atribuir rejeitar ' +
      'arquivar ativar desativar vincular bloquear desbloquear anexar trocar',
  },
  {
    class: 'Write',
    noun: true,
    words: 'comment tag label pin link commit stage stash backup snapshot branch design draft escribir',
  },
  {
    class: 'Write',
    reports: true,
    noun: true,
    words: 'track log record report informar reportar',
  },
  {
    class: 'Write',
    commits: true,
    words: 'open abrir',
    unless: 'node file page document url',
    instead: 'Read',
  },
  { class: 'Write', vague: true, words: 'resolve' },
  {
    class: 'Write',
    vague: true,
    commits: true,
    words: 'manage process handle do use operate control maintain gestionar gerenciar procesar processar',
  },

  // Looks.
  {
    class: 'Read',
    words:
      'get list read fetch find search show retrieve lookup look describe inspect browse check verify validate count ' +
      'compare peek explain summarize summarise analyze analyse diagnose detect discover explore examine identify ' +
      'extract measure calculate compute poll tail grep ls cat stat whoami which is has can ask obtain display ' +
      'enumerate introspect recommend suggest predict classify decode parse aggregate research collect gather score ' +
      'rank filter match print ' +
      'obtener obten obtiene listar lista buscar busca consultar consulta ver mostrar muestra leer lee traer trae ' +
      'verificar verifica validar valida contar comparar calcular calcula describir revisar encontrar ' +
      'obter obtem mostra ler exibir exibe pesquisar pesquisa descrever recuperar conferir analisar analizar',
  },
  {
    class: 'Read',
    noun: true,
    words:
      'query view preview review audit scan monitor watch trace quote estimate lint diff help ' +
      'crawl scrape profile plan screenshot observe',
  },
  { class: 'Read', noun: true, commits: true, words: 'capture' },
  { class: 'Read', words: 'select', unless: 'option element dropdown' },
  { class: 'Read', vague: true, commits: true, words: 'return provide give' },
  {
    class: 'Read',
    vague: true,
    words: 'download export load visit translate transcribe convert render map descargar exportar baixar',
  },
  {
    class: 'Other',
    words: 'login logout signin signout authenticate think echo hello ping reflect logar deslogar',
  },
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
  'status info history log detail metric stats quote preview estimate balance progress estado historial';

/** At the end of a name these are things, not verbs: `git_log`, `complexity_report`. */
export const RECORDS = 'log report record';

/** Two words that mean one thing, which neither of them says. */
export const COMPOUNDS =
  'log in|log out|sign in|sign out|credit note|debit note|nota credito|nota debito|nota fiscal|force push|look up|roll back|' +
  'pay out|top up|shut down|set up|clean up|tear down|pull request|merge request|double click|right click|go to|drag and drop|' +
  'close position|open position|dar de baja|nota de credito|nota de debito';

/** Names of arguments that are run. */
export const CODE_ARGUMENTS =
  'command cmd code script shell javascript python sql bytecode program expression';

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
