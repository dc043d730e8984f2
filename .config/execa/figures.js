// Takes the place of a package of three hundred symbols, with what finds out whether the terminal has them: execa uses
// three, where NODE_DEBUG=execa asks it to tell what it starts.
export default { tick: '+', cross: 'x', warning: '!' };
