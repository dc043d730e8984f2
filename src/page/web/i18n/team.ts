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
