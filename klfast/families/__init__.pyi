from klfast.families.bernoulli import Bernoulli as Bernoulli
from klfast.families.beta import Beta as Beta
from klfast.families.beta_prime import BetaPrime as BetaPrime
from klfast.families.binomial import Binomial as Binomial
from klfast.families.chi import Chi as Chi
from klfast.families.chi_square import ChiSquare as ChiSquare
from klfast.families.continuous_bernoulli import ContinuousBernoulli as ContinuousBernoulli
from klfast.families.exponential import Exponential as Exponential
from klfast.families.family import Family as Family
from klfast.families.gamma import Gamma as Gamma
from klfast.families.generalized_inverse_gaussian import (
    GeneralizedInverseGaussian as GeneralizedInverseGaussian,
)
from klfast.families.geometric import Geometric as Geometric
from klfast.families.gumbel import Gumbel as Gumbel
from klfast.families.half_normal import HalfNormal as HalfNormal
from klfast.families.inverse_gamma import InverseGamma as InverseGamma
from klfast.families.inverse_gaussian import InverseGaussian as InverseGaussian
from klfast.families.laplace import Laplace as Laplace
from klfast.families.log_normal import LogNormal as LogNormal
from klfast.families.logarithmic import Logarithmic as Logarithmic
from klfast.families.maxwell import Maxwell as Maxwell
from klfast.families.multivariate_normal import MultivariateNormal as MultivariateNormal
from klfast.families.nakagami import Nakagami as Nakagami
from klfast.families.negative_binomial import NegativeBinomial as NegativeBinomial
from klfast.families.normal import Normal as Normal
from klfast.families.pareto import Pareto as Pareto
from klfast.families.poisson import Poisson as Poisson
from klfast.families.rayleigh import Rayleigh as Rayleigh
from klfast.families.registry import families as families
from klfast.families.von_mises import VonMises as VonMises
from klfast.families.weibull import Weibull as Weibull
from klfast.families.zero_truncated_poisson import ZeroTruncatedPoisson as ZeroTruncatedPoisson
from klfast.families.zipf import Zipf as Zipf
