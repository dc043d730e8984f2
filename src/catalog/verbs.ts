import type { ToolClass } from './evidence.js';

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
  /** What it is done to that makes it something else, a Write where `instead` says nothing: `transfer_ownership`. */
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
      'deprovision decommission teardown forcepush undeploy deallocate flushall flushdb ' +
      'eliminar elimina borrar borra suprimir excluir exclui apagar apaga deletar',
  },
  {
    class: 'Destructive',
    words:
      'remove drop revoke void annul terminate kill prune evict expel discard trash rescind unregister ' +
      'unprotect disarm offboard cleanup overwrite unset forget deactivate ban kick detach disassociate dissociate expire ' +
      'deletion removal cancellation ' +
      'quitar quita anular anula revocar revoca vaciar vacia destruir destruye dardebaja ' +
      'remover revogar esvaziar descartar destroi inutilizar encerrar',
  },
  {
    class: 'Destructive',
    words: 'cancel cancelar cancela',
    // What runs can be started again.
    unless: 'pipeline job run build execution task workflow search query download upload',
    instead: 'Execute',
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
      'ownership owner issue repo repository file call chat conversation ticket domain project task data workspace ' +
      'zone folder directory request response collection element item document page board channel team member user ' +
      'agent lead contact record role schema message object event',
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
    words: 'run launch deploy dispatch build release inference',
  },
  {
    class: 'Execute',
    words:
      'eval evaluate spawn restart reboot redeploy rollback rerun rollout reload resume pause stop start shutdown ' +
      'poweroff compile simulate retry replay reprocess boot wake suspend halt hibernate failover merge rebase ' +
      'recreate drain benchmark train inject exploit attack fuzz flash interact automate instantiate ' +
      'reiniciar reinicia detener detiene parar desplegar desliga ligar implantar pausar compilar suspender evaluar ' +
      'avaliar',
  },
  {
    class: 'Execute',
    words: 'promote',
    unless: 'milestone member user admin label',
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
      'click doubleclick rightclick press tap swipe hover drag draganddrop navigate goto goback goforward scroll type ' +
      'fill keypress mouse keyboard skip turn clicar navegar',
  },

  { class: 'Execute', noun: true, words: 'play' },

  // Makes or changes something that can be changed back.
  {
    class: 'Write',
    commits: true,
    words: 'create make generate',
    // What is made begins to run.
    unless: 'pipeline job execution run',
    instead: 'Execute',
  },
  {
    class: 'Write',
    commits: true,
    words:
      'issue send submit confirm approve accept authorize authorise schedule post emit ' +
      'sign broadcast settle finalize complete add register new ' +
      'crear crea emitir emite enviar envia generar genera hacer registrar registra solicitar solicita confirmar ' +
      'confirma autorizar autoriza aprobar aprueba agregar agrega anadir anade ' +
      'criar cria gerar gera fazer aprovar aprova adicionar adiciona incluir cadastrar cadastra lancar',
  },
  { class: 'Write', noun: true, commits: true, words: 'place request resend' },
  {
    class: 'Write',
    words:
      'update edit alter amend revise set put write save insert upsert modify change patch append prepend rename move copy clone fork ' +
      'duplicate upload attach assign unassign reply publish unpublish unshare invite subscribe ' +
      'unsubscribe unfollow unlike mark unmark close end finish hide unhide highlight annotate emulate ' +
      'reopen reject decline restore undelete enable disable ' +
      'activate lock unlock configure init initialize initialise setup install upgrade connect disconnect join leave ' +
      'grant reserve compose push pull sync synchronize replace remember notify forward transition ' +
      'toggle increment decrement draw paint customize align group ungroup react vote mutate transform rewrite ' +
      'refactor fix zip unzip gzip compress encrypt redact squash heal migrate archive unarchive mute unmute block unblock snooze reorder sort resize switch unstar reconnect ' +
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
    words:
      'comment tag label pin link commit stage stash backup branch design draft book share like follow star import store ' +
      'email mail sms tweet toot rate escribir',
  },
  {
    class: 'Write',
    noun: true,
    words: 'snapshot',
    unless: 'page dom accessibility browser screen heap memory aria',
    instead: 'Read',
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
  {
    class: 'Write',
    vague: true,
    words: 'resolve',
    unless:
      'id identifier library package name path url address dns host hostname domain ip symlink reference handle',
    instead: 'Read',
  },
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
      'rank filter match print wait sleep assert expect recall geocode translate transcribe ' +
      'esperar obtener obten obtiene listar lista buscar busca consultar consulta ver mostrar muestra leer lee traer trae ' +
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
  { class: 'Read', words: 'select', unless: 'option element dropdown selector', instead: 'Execute' },
  { class: 'Read', vague: true, commits: true, words: 'return provide give' },
  {
    class: 'Read',
    vague: true,
    words: 'download export load visit convert render map descargar exportar baixar',
  },
  {
    class: 'Other',
    words: 'login logout signin signout authenticate think echo hello ping reflect logar deslogar',
  },
];
