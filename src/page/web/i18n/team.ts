import { strings } from './strings.js';

/** Texts about the store that a team shares. */
export const team = strings({
  'team.title': ['Team {name}', 'Equipo {name}'],
  'team.login': ['You are {login}', 'Eres {login}'],
  'team.roles': ['Roles: {roles}', 'Roles: {roles}'],
  'team.roles.none': ['You have no role in it.', 'No tienes ningún rol en él.'],
  'team.role.wrapper': ['wrapper', 'wrapper (envuelve)'],
  'team.role.approver': ['approver', 'approver (aprueba)'],
  'team.role.auditor': ['auditor', 'auditor (mira)'],
  'team.role.owner': ['owner', 'owner (administra)'],
  'team.silent': [
    "Nothing of the team's store is shown: what waits there is not seen here.",
    'No se muestra nada del almacén del equipo: lo que espera allí no se ve acá.',
  ],
  'team.here': ['This machine', 'Esta máquina'],
  'team.here.tools': [
    'Servers, tools, calls and refusals are those that this machine has seen; those of team {team} are not counted.',
    'Los servidores, herramientas, llamadas y rechazos son los que vio esta máquina; los del equipo {team} no se cuentan.',
  ],
  'team.here.tool': [
    'The definition is the one that this machine has seen; what team {team} has seen is not asked.',
    'La definición es la que vio esta máquina; no se pregunta por lo que vio el equipo {team}.',
  ],
  'team.here.try': [
    'What limits have left, pauses and calls before this one are looked up on this machine, not in team {team}.',
    'Lo que les queda a los límites, las pausas y las llamadas anteriores se buscan en esta máquina, no en el equipo {team}.',
  ],
  'team.impact.place': ['Whose calls', 'Llamadas de quién'],
  'team.from': ['From', 'De'],
  'team.on': ['on', 'en'],
  'team.by': ['by {who}', 'por {who}'],
  'team.no_approver': [
    'To approve it you need the role approver in team {team}; an owner gives it: policy-wrap store grant {login} approver',
    'Para aprobarla necesitas el rol approver en el equipo {team}; lo da un owner: policy-wrap store grant {login} approver',
  ],
  'team.no_reject': [
    'To reject it you need the role approver in team {team}.',
    'Para rechazarla necesitas el rol approver en el equipo {team}.',
  ],
  'team.no_revoke': [
    'Only an approver or an owner of team {team} can revoke it.',
    'Solo un approver o un owner del equipo {team} puede revocarlo.',
  ],
  'team.no_resume': [
    'Only an approver or an owner of team {team} can lift it.',
    'Solo un approver o un owner del equipo {team} puede levantarla.',
  ],
  'team.no_empty': [
    'A limit of team {team} is emptied by an owner, with policy-wrap reset.',
    'Un límite del equipo {team} lo vacía un owner, con policy-wrap reset.',
  ],
  'team.pause': ['Pause the team', 'Pausar el equipo'],
  'team.pause.here': ['Pause this machine', 'Pausar esta máquina'],
  'team.paused': [
    'Paused on every machine of the team: every call of every server is refused',
    'En pausa en cada máquina del equipo: se rechaza toda llamada de todo servidor',
  ],
  'team.paused.server': [
    'Paused on every machine of the team: every call of {server} is refused',
    'En pausa en cada máquina del equipo: se rechaza toda llamada de {server}',
  ],
  'team.resume': ['Resume the team', 'Reanudar el equipo'],
  'team.resume.here': ['Resume this machine', 'Reanudar esta máquina'],
  'team.pause.done': [
    'Every call is refused from now on, on every machine',
    'Desde ahora se rechaza toda llamada, en cada máquina',
  ],
});
